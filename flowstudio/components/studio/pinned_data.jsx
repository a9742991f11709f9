// Pinned data in the output pane: the banner, and writing the data by hand.
import { Suspense, lazy, useState } from "react";
import { Pin } from "lucide-react";
import { formatNumber, t } from "../texts/texts.js";
import { pinLimit } from "./pins.js";
import { readRows } from "./rows.js";

const CodeEditor = lazy(() => import("./code.jsx"));

export function PinBanner({ mayEdit, onEdit, onUnpin }) {
  return (
    <div className="fs-strip fs-strip-pin" role="note">
      <Pin size={14} aria-hidden="true" /> <span>{t("pins.banner")}</span>
      {mayEdit && <><button type="button" className="fs-link" onClick={onEdit}>{t("pins.edit_short")}</button><button type="button" className="fs-link" onClick={onUnpin}>{t("pins.unpin")}</button></>}
    </div>
  );
}

/** `rows` is what the person starts from; `onSave(rows)` pins. */
export function PinEditor({ rows, dark, onSave, onClose }) {
  const [text, setText] = useState(() => JSON.stringify(rows.length ? rows : [{}], null, 2));
  const [problem, setProblem] = useState(null);
  const save = () => {
    const read = readRows(text);
    if (read.rows) return onSave(read.rows);
    return setProblem({
      json: () => t("pins.not_json", { detail: read.detail }),
      shape: () => t("pins.not_rows", { number: formatNumber(read.detail) }),
      size: pinLimit,
    }[read.problem]());
  };
  return (
    <div className="fs-pin-editor" role="group" aria-label={t("pins.edit")} onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } }}>
      <p className="fs-help">{t("pins.edit_help")}</p>
      <Suspense fallback={<textarea className="fs-input fs-code-loading" value={text} readOnly aria-label={t("pins.data")} />}>
        <CodeEditor value={text} language="json" dark={dark} label={t("pins.data")} onChange={(next) => { setText(next); setProblem(null); }} />
      </Suspense>
      {problem && <p className="fs-form-error" role="alert">{problem}</p>}
      <div className="fs-value-actions">
        <button type="button" className="fs-button fs-button-small fs-button-primary" onClick={save}><Pin size={13} aria-hidden="true" /> {t("pins.save")}</button>
        <button type="button" className="fs-button fs-button-small" onClick={onClose}>{t("app.cancel")}</button>
      </div>
    </div>
  );
}
