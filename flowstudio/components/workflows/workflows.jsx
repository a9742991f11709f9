// Dialogs of the list of workflows, and the way back after deleting one.
import { useEffect, useRef, useState } from "react";
import { X } from "lucide-react";
import { Link } from "react-router";
import { toast } from "sonner";
import { Cancel, Dialog, TextField } from "../shell/dialog.jsx";
import { t } from "../texts/texts.js";
import "./workflows.css";

export function NameDialog({ open, onDone, onClose }) {
  const [busy, setBusy] = useState(false);
  useEffect(() => setBusy(false), [open]);
  if (!open) return null;
  const submit = (event) => {
    event.preventDefault();
    setBusy(true);
    onDone(new FormData(event.currentTarget).get("name"));
  };
  return (
    <Dialog heading={t("workflows.new")} text={t("workflows.new_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit}>
        <TextField label={t("workflows.name")} name="name" defaultValue={t("workflows.untitled")} maxLength={200} autoFocus autoComplete="off" onFocus={(event) => event.target.select()} />
        <div className="fs-dialog-actions">
          <Cancel onClick={onClose} />
          <button className="fs-button fs-button-primary" disabled={busy}>{t("workflows.create")}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function TagsDialog({ open, ...rest }) {
  return open ? <OpenTags {...rest} /> : null;
}

function OpenTags({ name, tags, known, onDone, onClose }) {
  const [chosen, setChosen] = useState(tags);
  const [typed, setTyped] = useState("");
  const box = useRef(null);
  const add = (text) => {
    const tag = text.trim().slice(0, 50);
    if (tag && !chosen.includes(tag)) setChosen([...chosen, tag]);
    setTyped("");
  };
  const drop = (tag) => {
    setChosen(chosen.filter((kept) => kept !== tag));
    box.current.focus();
  };
  const keys = (event) => {
    if (event.key === "," || (event.key === "Enter" && typed.trim())) {
      event.preventDefault();
      add(typed);
    }
    if (event.key === "Backspace" && !typed && chosen.length) drop(chosen.at(-1));
  };
  const submit = (event) => {
    event.preventDefault();
    const last = typed.trim();
    onDone(last && !chosen.includes(last) ? [...chosen, last] : chosen);
  };
  const others = known.filter((tag) => !chosen.includes(tag));
  return (
    <Dialog heading={t("workflows.tags_of", { name })} text={t("workflows.tags_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit}>
        <div className="fs-tag-box">
          {chosen.map((tag) => (
            <span key={tag} className="fs-tag">{tag}<button type="button" aria-label={t("workflows.tag_remove", { tag })} onClick={() => drop(tag)}><X size={12} aria-hidden="true" /></button></span>
          ))}
          <input ref={box} autoFocus aria-label={t("workflows.tag_add")} placeholder={t("workflows.tag_add")} value={typed} maxLength={50} onChange={(event) => setTyped(event.target.value)} onKeyDown={keys} />
        </div>
        {others.length > 0 && (
          <div className="fs-chips" role="group" aria-label={t("workflows.tags_known")}>
            {others.map((tag) => <button key={tag} type="button" className="fs-chip" onClick={() => add(tag)}>+ {tag}</button>)}
          </div>
        )}
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary">{t("workflows.tags_save")}</button></div>
      </form>
    </Dialog>
  );
}

export function RefusalDialog({ open, name, problems, href, onClose }) {
  if (!open) return null;
  return (
    <Dialog heading={t("workflows.refused", { name })} text={t("workflows.refused_text")} onClose={onClose}>
      <ul className="fs-refusal">{problems.map((problem, index) => <li key={index}>{problem}</li>)}</ul>
      <div className="fs-dialog-actions">
        <button type="button" className="fs-button" autoFocus onClick={() => onClose()}>{t("app.close")}</button>
        <Link className="fs-button fs-button-primary" to={href}>{t("workflows.repair")}</Link>
      </div>
    </Dialog>
  );
}

const LONG = 10000;
const SHOWN = "flowstudio.undo"; // the state outlives a page load, the offer must not come again

export function UndoToast({ turn, workflow, name, onUndo }) {
  useEffect(() => {
    const mark = `${turn} ${workflow}`;
    if (!turn || sessionStorage.getItem(SHOWN) === mark) return;
    sessionStorage.setItem(SHOWN, mark);
    const action = { label: t("workflows.undo"), onClick: () => onUndo(workflow) };
    toast(t("workflows.deleted", { name }), { duration: LONG, action });
  }, [turn, workflow, name, onUndo]);
  return null;
}
