// A modal window of the editor. The browser keeps the focus inside; Escape closes it, and the focus goes back.
import { useEffect, useId, useRef } from "react";
import { X } from "lucide-react";
import { t } from "../texts/texts.js";

export function Dialog({ heading, className = "", onClose, children }) {
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
      <header className="fs-dialog-head">
        <h2 id={id}>{heading}</h2>
        <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
      </header>
      {children}
    </dialog>
  );
}
