// One value of an item: highlighted, carried to a parameter, or opened to be read whole, copied and used.
import { createContext, useContext, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Braces, Copy, CornerDownLeft, X } from "lucide-react";
import { toast } from "sonner";
import { t } from "../texts/texts.js";
import { carry, expressionOf, pathText } from "./paths.js";
import { pieces } from "./rows.js";
import { kindOf } from "./shapes.js";

const CELL = 160; // characters of a value that a cell shows
const WHOLE = 200_000;

/** {base, mayUse, search, open(target, path, value)}: what the values of a view share. `base` null: no expression reaches them. */
export const ValueContext = createContext(null);

export const brief = (value) => {
  if (value === null) return "null";
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > CELL ? `${text.slice(0, CELL)}…` : text;
};

export const valueLook = (value) => `fs-value-${{ list: "object", null: "null" }[kindOf(value)] ?? kindOf(value)}`;

export function Marked({ text }) {
  const { search } = useContext(ValueContext);
  return pieces(text, search).map(([piece, found], index) => (found ? <mark key={index}>{piece}</mark> : piece));
}

/** What makes an element carry the expression of a path. */
export function useCarried() {
  const { base, mayUse } = useContext(ValueContext);
  return (path) => (base == null || !mayUse ? {} : {
    draggable: true,
    onDragStart: (event) => {
      event.stopPropagation();
      carry(event.dataTransfer, expressionOf(base, path));
    },
  });
}

export async function copy(text, told = t("panel.copied")) {
  try {
    await navigator.clipboard.writeText(text);
    toast.success(told);
  } catch {
    toast.error(t("panel.copy_failed"));
  }
}

/** Put an expression where the cursor last stood in a parameter; without such a place it is copied. */
export async function insert(expression) {
  const event = new CustomEvent("fs-insert-expression", { detail: { text: expression }, cancelable: true });
  if (window.dispatchEvent(event)) await copy(`{{ ${expression} }}`, t("panel.copied_instead"));
}

/** The open value: `card` is {target, path, value}. */
export function ValueCard({ card, base, mayUse, onClose }) {
  const box = useRef(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  const { target, path, value } = card;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
  const expression = base == null ? null : expressionOf(base, path);
  useLayoutEffect(() => {
    const at = target.getBoundingClientRect();
    const own = box.current.getBoundingClientRect();
    setPlace({
      left: Math.max(8, Math.min(at.left, innerWidth - own.width - 8)),
      top: at.bottom + own.height + 12 > innerHeight ? Math.max(8, at.top - own.height - 6) : at.bottom + 6,
    });
    box.current.focus();
  }, [target]);
  useEffect(() => {
    const away = (event) => !box.current?.contains(event.target) && onClose(false);
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
  }, [onClose]);
  const act = (action) => () => { action(); onClose(true); };
  return (
    <div
      ref={box} className="fs-value-card" style={place} role="dialog" aria-label={t("panel.value_of", { path: pathText(path) || t("panel.item") })} tabIndex={-1}
      onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(true); } }}
    >
      <header><code>{pathText(path) || t("panel.item")}</code>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={() => onClose(true)}><X size={14} aria-hidden="true" /></button></header>
      <pre tabIndex={0} className={valueLook(value)}>{text.length > WHOLE ? `${text.slice(0, WHOLE)}…` : text || "—"}</pre>
      <div className="fs-value-actions">
        {expression && mayUse && <button type="button" className="fs-button fs-button-small" onClick={() => { onClose(false); insert(expression); }}><CornerDownLeft size={13} aria-hidden="true" /> {t("panel.use")}</button>}
        {expression && <button type="button" className="fs-button fs-button-small" onClick={act(() => copy(`{{ ${expression} }}`))}><Braces size={13} aria-hidden="true" /> {t("panel.copy_expression")}</button>}
        <button type="button" className="fs-button fs-button-small" onClick={act(() => copy(text))}><Copy size={13} aria-hidden="true" /> {t("panel.copy_value")}</button>
        <button type="button" className="fs-button fs-button-small" onClick={act(() => copy(pathText(path)))}>{t("panel.copy_path")}</button>
      </div>
    </div>
  );
}
