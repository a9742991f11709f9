// A template in a list, and the dialog that tells more about it.
import { useEffect, useRef, useState } from "react";
import { Check, Globe, KeyRound, X } from "lucide-react";
import { toast } from "sonner";
import { t } from "../texts/texts.js";
import { post } from "../studio/api.js";
import { Picture } from "./picture.jsx";

const NEEDS = { nothing: Check, internet: Globe, account: KeyRound };

export function Needs({ template }) {
  const Icon = NEEDS[template.needs];
  return <span className={`fs-needs fs-needs-${template.needs}`}><Icon size={13} aria-hidden="true" /> {t(`templates.needs_${template.needs}`)}</span>;
}

export function TemplateCard({ template, catalogue, onOpen }) {
  return (
    <li className="fs-template">
      <div className="fs-template-picture"><Picture document={template.document} ports={template.ports} catalogue={catalogue} /></div>
      <div className="fs-template-text">
        <h3><button type="button" aria-haspopup="dialog" onClick={() => onOpen(template)}>{template.title}</button></h3>
        <p>{template.purpose}</p>
        <span className="fs-template-marks"><span className="fs-tag">{template.category}</span><Needs template={template} /></span>
      </div>
    </li>
  );
}

/** Make a workflow of a template and open it. */
async function use(template) {
  const made = await post(`/templates/${encodeURIComponent(template.id)}/use/`);
  location.assign(`/workflows/${encodeURIComponent(made.id)}`);
}

export function TemplateDialog({ template, catalogue, mayEdit, onClose }) {
  const dialog = useRef(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (template && !dialog.current.open) dialog.current.showModal();
    if (!template && dialog.current.open) dialog.current.close();
  }, [template]);
  const start = async () => {
    setBusy(true);
    try {
      await use(template);
    } catch (error) {
      toast.error(error.message);
      setBusy(false);
    }
  };
  const outside = (event) => event.target === dialog.current && onClose();
  return (
    <dialog ref={dialog} className="fs-dialog fs-template-dialog" aria-labelledby="fs-template-title" onClose={() => template && onClose()} onClick={outside}>
      {template && (
        <div className="fs-template-detail">
          <header>
            <div><h2 id="fs-template-title">{template.title}</h2><p>{template.purpose}</p></div>
            <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={onClose}><X size={18} aria-hidden="true" /></button>
          </header>
          <div className="fs-template-large" role="group" tabIndex={0} aria-label={t("templates.canvas")}>
            <Picture document={template.document} ports={template.ports} catalogue={catalogue} names />
          </div>
          <div className="fs-template-facts">
            <section>
              <h3>{t("templates.about")}</h3>
              <p>{template.about}</p>
              <span className="fs-template-marks"><span className="fs-tag">{template.category}</span><Needs template={template} /></span>
            </section>
            <section>
              <h3>{t("templates.setup")}</h3>
              <ol>{template.setup.map((step, index) => <li key={index}>{step.text}</li>)}</ol>
            </section>
          </div>
          <footer className="fs-dialog-actions">
            <button type="button" className="fs-button" onClick={onClose}>{t("app.close")}</button>
            {mayEdit ? <button type="button" className="fs-button fs-button-primary" disabled={busy} onClick={start}>{t("templates.use")}</button>
              : <p className="fs-quiet">{t("templates.view_only")}</p>}
          </footer>
        </div>
      )}
    </dialog>
  );
}
