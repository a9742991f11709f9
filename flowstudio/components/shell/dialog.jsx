// Modal windows, and what forms share.
import { useEffect, useId, useRef, useState } from "react";
import { X } from "lucide-react";
import { t } from "../texts/texts.js";

/** A modal window. The browser keeps the focus inside; Escape (or a button, if `closable`) closes it, and the focus goes back. */
export function Dialog({ heading, text, className = "", closable, onClose, children }) {
  const dialog = useRef(null);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current;
    const before = document.activeElement;
    opened.showModal();
    return () => {
      opened.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog} className={`fs-dialog ${className}`} aria-labelledby={id} onKeyDown={(event) => event.stopPropagation()}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
    >
      {closable ? (
        <header className="fs-dialog-head">
          <h2 id={id}>{heading}</h2>
          <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
        </header>
      ) : <h2 id={id}>{heading}</h2>}
      {text && <p>{text}</p>}
      {children}
    </dialog>
  );
}

/** Asks before something is lost. `onConfirm` may fail: its sentence is shown. */
export function Confirm({ heading, text, confirm, onConfirm, onClose, children }) {
  const { failure, busy, submit } = useSubmit(onConfirm);
  return (
    <Dialog heading={heading} text={text} onClose={onClose}>
      <form onSubmit={submit}>
        {children}
        <Failure text={failure} />
        <div className="fs-dialog-actions">
          <button type="button" className="fs-button" autoFocus onClick={onClose}>{t("app.cancel")}</button>
          <button type="submit" className="fs-button fs-button-danger" disabled={busy}>{confirm}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** The handler of a form: calls `action` with its values, and keeps the sentence of what it was refused with. */
export function useSubmit(action) {
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setFailure("");
    try {
      await action(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      setFailure(error.message);
    }
    setBusy(false);
  };
  return { failure, busy, submit };
}

export const Failure = ({ text }) => <p className="fs-form-error" role="alert">{text}</p>;

/** A labelled line of text; `help` is read out with it. */
export function TextField({ label, help, ...rest }) {
  const id = useId();
  return (
    <div className="fs-field">
      <label className="fs-label" htmlFor={id}>{label}</label>
      <input id={id} className="fs-input" required aria-describedby={help ? `${id}-help` : undefined} {...rest} />
      {help && <small id={`${id}-help`}>{help}</small>}
    </div>
  );
}

export function Cancel({ onClick }) {
  return <button type="button" className="fs-button" onClick={onClick}>{t("app.cancel")}</button>;
}
