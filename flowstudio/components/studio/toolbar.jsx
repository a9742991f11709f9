// What can be done with a card at once: a small bar above it.
import { useRef } from "react";
import { useStore } from "@xyflow/react";
import { Ellipsis, Pencil, Play, Power, Trash2 } from "lucide-react";
import { t } from "../texts/texts.js";
import { keysOf } from "./shortcuts.js";
import { useSurface } from "./surface.js";

const READABLE = 0.85; // from this zoom on the bar need not be drawn larger
const LARGEST = 2.2;
const larger = ({ transform }) => Math.round(Math.min(LARGEST, Math.max(1, READABLE / transform[2])) * 20) / 20;

const withKeys = (label, id) => (keysOf(id) ? `${label} (${keysOf(id)})` : label);

function ToolButton({ icon: Icon, label, keys, ...rest }) {
  return (
    <button type="button" className="fs-tool fs-tool-small" aria-label={label} title={keys ? withKeys(label, keys) : label} {...rest}>
      <Icon size={14} aria-hidden="true" />
    </button>
  );
}

export function StepToolbar({ id, name, data, sub, note }) {
  const { actions, mayEdit, mayRun, show, signals } = useSurface();
  const bar = useRef(null);
  const scale = useStore(larger);
  const act = (action) => (event) => {
    event.stopPropagation();
    action(event);
  };
  const more = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    show({ kind: "menu", ids: [id], x: box.left, y: box.bottom + 4 });
  };
  const walk = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const buttons = [...bar.current.querySelectorAll("button")];
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div
      ref={bar} className="fs-step-bar nodrag nopan" style={{ "--fs-larger": scale }} role="toolbar" aria-label={t("canvas.toolbar", { name })} onKeyDown={walk}
      onDoubleClick={(event) => event.stopPropagation()} onClick={(event) => event.stopPropagation()}
    >
      {!note && !sub && mayRun && actions.runTo && <ToolButton icon={Play} label={t("canvas.run_to")} onClick={act(() => actions.runTo(id))} />}
      {note && mayEdit && <ToolButton icon={Pencil} label={t("canvas.edit_note")} onClick={act(() => signals.writing.set(id))} />}
      {!note && mayEdit && <ToolButton icon={Power} label={t(data.disabled ? "canvas.enable" : "canvas.disable")} keys="toggle" onClick={act(() => actions.toggle([id]))} />}
      {mayEdit && <ToolButton icon={Trash2} label={t("canvas.delete")} keys="delete" onClick={act(() => actions.delete([id]))} />}
      <ToolButton icon={Ellipsis} label={t("canvas.more")} keys="menu" aria-haspopup="menu" onClick={act(more)} />
    </div>
  );
}
