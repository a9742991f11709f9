// Importing workflows: from files, from an address, from a text that was pasted.
import { useEffect, useId, useRef, useState } from "react";
import { ClipboardPaste, FileUp, Link, TriangleAlert, Upload } from "lucide-react";
import { toast } from "sonner";
import { count, t } from "../texts/texts.js";
import { post } from "../studio/api.js";
import { fromFiles, readAll, stepsOf } from "./reading.js";
import "./transfer.css";

const WAYS = [["file", FileUp], ["paste", ClipboardPaste], ["url", Link]];

/** The button of the workflows page. */
export function ImportButton({ mayEdit }) {
  const [open, setOpen] = useState(false);
  if (!mayEdit) return null;
  return (
    <>
      <button type="button" className="fs-button" aria-haspopup="dialog" onClick={() => setOpen(true)}><Upload size={16} aria-hidden="true" /> {t("transfer.import")}</button>
      <ImportDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
}

/** The same as one of the ways to begin a first workflow. */
export function ImportCard({ mayEdit }) {
  const [open, setOpen] = useState(false);
  if (!mayEdit) return null;
  return (
    <>
      <button type="button" className="fs-start" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Upload size={22} aria-hidden="true" /><strong>{t("workflows.start_import")}</strong><span>{t("workflows.start_import_text")}</span>
      </button>
      <ImportDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
}

/** Asks for workflows. With `onInsert` they are put into the open workflow, otherwise stored as new ones. */
export function ImportDialog({ open, onClose, onInsert }) {
  const dialog = useRef(null);
  const title = useId();
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="fs-dialog fs-import" aria-labelledby={title} onClose={() => open && onClose()}>
      <h2 id={title}>{t(onInsert ? "transfer.insert_title" : "transfer.title")}</h2>
      {open && <Import onClose={onClose} onInsert={onInsert} />}
    </dialog>
  );
}

function Import({ onClose, onInsert }) {
  const [answer, setAnswer] = useState(null);
  const [busy, setBusy] = useState(false);
  const read = async (sources) => {
    setBusy(true);
    setAnswer(await readAll(sources, (body) => post("/workflows/read/", body)));
    setBusy(false);
  };
  if (answer?.found.length) return <Findings answer={answer} onClose={onClose} onInsert={onInsert} onBack={() => setAnswer(null)} />;
  return <Source busy={busy} failures={answer?.failures ?? []} onRead={read} onClose={onClose} />;
}

function Source({ busy, failures, onRead, onClose }) {
  const [way, setWay] = useState("file");
  const [text, setText] = useState("");
  const [url, setUrl] = useState("");
  const [over, setOver] = useState(false);
  const picker = useRef(null);
  const choose = (files) => files.length && onRead(fromFiles(files, t("transfer.too_large")));
  const ready = way === "paste" ? text.trim() : way === "url" ? url.trim() : false;
  const submit = (event) => {
    event.preventDefault();
    if (way === "paste") onRead([{ name: t("transfer.pasted"), load: async () => ({ text }) }]);
    if (way === "url") onRead([{ name: url.trim(), load: async () => ({ url: url.trim() }) }]);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files);
  };
  return (
    <form onSubmit={submit}>
      <p>{t("transfer.text")}</p>
      <div className="fs-segments" role="group" aria-label={t("transfer.from")}>
        {WAYS.map(([name, Icon]) => (
          <button key={name} type="button" aria-pressed={way === name} onClick={() => setWay(name)}><Icon size={14} aria-hidden="true" /> {t(`transfer.way_${name}`)}</button>
        ))}
      </div>
      <div className="fs-import-source">
        {way === "file" && (
          <div className={`fs-drop${over ? " is-over" : ""}`} onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
            <p>{t("transfer.drop")}</p>
            <input ref={picker} type="file" multiple accept=".json,application/json" className="fs-visually-hidden" aria-label={t("transfer.files")} tabIndex={-1} onChange={(event) => { choose(event.target.files); event.target.value = ""; }} />
            <button type="button" className="fs-button" disabled={busy} onClick={() => picker.current.click()}>{t("transfer.choose")}</button>
          </div>
        )}
        {way === "paste" && <textarea className="fs-input" rows={8} spellCheck={false} autoFocus aria-label={t("transfer.paste_label")} placeholder={t("transfer.paste_hint")} value={text} onChange={(event) => setText(event.target.value)} />}
        {way === "url" && <input className="fs-input" type="url" autoFocus aria-label={t("transfer.url_label")} placeholder={t("transfer.url_hint")} value={url} onChange={(event) => setUrl(event.target.value)} />}
      </div>
      <Failures failures={failures} />
      <div className="fs-dialog-actions">
        <button type="button" className="fs-button" onClick={onClose}>{t("app.cancel")}</button>
        {way !== "file" && <button type="submit" className="fs-button fs-button-primary" disabled={busy || !ready}>{t(busy ? "transfer.reading" : "transfer.read")}</button>}
      </div>
    </form>
  );
}

function Failures({ failures }) {
  if (!failures.length) return null;
  return (
    <ul className="fs-import-failures" role="alert">
      {failures.map(({ source, message }, index) => <li key={index}><b>{source}</b> {message}</li>)}
    </ul>
  );
}

function Findings({ answer, onClose, onInsert, onBack }) {
  const [left, setLeft] = useState(() => new Set());
  const [busy, setBusy] = useState(false);
  const first = useRef(null);
  useEffect(() => first.current?.focus(), []);
  const chosen = answer.found.filter((entry) => !left.has(entry.key));
  const several = new Set(answer.found.map((entry) => entry.source)).size > 1;
  const toggle = (key) => setLeft((before) => {
    const next = new Set(before);
    if (!next.delete(key)) next.add(key);
    return next;
  });
  const take = async () => {
    if (onInsert) {
      chosen.forEach((entry) => onInsert(entry.document));
      onClose();
      return;
    }
    setBusy(true);
    try {
      const made = [];
      for (const entry of chosen) made.push(await post("/workflows/", entry.document));
      location.assign(made.length === 1 ? `/workflows/${encodeURIComponent(made[0].id)}` : "/");
    } catch (error) {
      toast.error(error.message);
      setBusy(false);
    }
  };
  return (
    <>
      <p>{t("transfer.found")}</p>
      <ul className="fs-import-found">
        {answer.found.map((entry, index) => (
          <li key={entry.key}>
            <label>
              <input type="checkbox" ref={index === 0 ? first : undefined} checked={!left.has(entry.key)} onChange={() => toggle(entry.key)} />
              <span><b>{entry.document.name}</b><small>{count(stepsOf(entry.document), "transfer.step", "transfer.steps")} · {t(`transfer.format_${entry.format}`)}{several && ` · ${entry.source}`}</small></span>
            </label>
            <Report report={entry.report ?? []} />
            <Remarks remarks={entry.remarks} />
          </li>
        ))}
      </ul>
      <Failures failures={answer.failures} />
      <div className="fs-dialog-actions">
        <button type="button" className="fs-button" onClick={onBack}>{t("transfer.back")}</button>
        <button type="button" className="fs-button fs-button-primary" disabled={busy || !chosen.length} onClick={take}>
          {onInsert ? t("transfer.insert") : count(chosen.length, "transfer.create_one", "transfer.create_many")}
        </button>
      </div>
    </>
  );
}

/** How many steps of another program are the same here, differ or are missing, before anything runs. */
function Report({ report }) {
  if (!report.length) return null;
  const fates = ["imported", "different", "unavailable"].map((fate) => [fate, report.filter((verdict) => verdict.fate === fate).length]);
  return (
    <ul className="fs-import-report" aria-label={t("transfer.fates")}>
      {fates.filter(([, number]) => number).map(([fate, number]) => <li key={fate} className={`is-${fate}`}>{t(`transfer.fate_${fate}`, { count: number })}</li>)}
    </ul>
  );
}

function Remarks({ remarks }) {
  if (!remarks.length) return null;
  return (
    <details className="fs-import-remarks" open={remarks.length <= 4}>
      <summary><TriangleAlert size={14} aria-hidden="true" /> {count(remarks.length, "transfer.remark", "transfer.remarks")}</summary>
      <ul>{remarks.map((remark, index) => <li key={index}>{remark.message}</li>)}</ul>
    </details>
  );
}
