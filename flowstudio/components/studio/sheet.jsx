// Two small dialogs: the sheet of all keys, and the note of one step.
import { useEffect, useRef } from "react";
import { X } from "lucide-react";
import { t } from "../texts/texts.js";
import { GROUPS, SHORTCUTS, keyText } from "./shortcuts.js";

function Modal({ title, className, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={`fs-dialog ${className}`} aria-label={title} onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header className="fs-sheet-head">
        <h2>{title}</h2>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={() => dialog.current.close()}><X size={16} aria-hidden="true" /></button>
      </header>
      {children(() => dialog.current.close())}
    </dialog>
  );
}

export function ShortcutSheet({ mayEdit, onClose }) {
  const offered = SHORTCUTS.filter(({ edit }) => mayEdit || !edit);
  return (
    <Modal title={t("canvas.sheet_title")} className="fs-sheet" onClose={onClose}>
      {() => (
        <div className="fs-sheet-groups">
          {GROUPS.map((group) => (
            <section key={group} aria-label={t(`shortcuts.group_${group}`)}>
              <h3>{t(`shortcuts.group_${group}`)}</h3>
              <dl>
                {offered.filter((shortcut) => shortcut.group === group).map(({ id, keys }) => (
                  <div key={id}>
                    <dt>{t(`shortcuts.${id}`)}</dt>
                    <dd>{keys.map((key) => <kbd key={key}>{keyText(key)}</kbd>)}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      )}
    </Modal>
  );
}

/** What a person wants others to know about a step. */
export function Remark({ store, id, onClose }) {
  const node = store.node(id);
  const field = useRef(null);
  if (!node) return null;
  return (
    <Modal title={t("canvas.remark_title", { name: store.label(node) })} className="fs-remark" onClose={onClose}>
      {(close) => (
        <form method="dialog" onSubmit={(event) => {
          event.preventDefault();
          const notes = field.current.value.trim();
          if (notes !== (node.data.notes ?? "")) store.set(id, { notes });
          close();
        }}>
          <textarea ref={field} autoFocus className="fs-input" rows={5} aria-label={t("canvas.remark_field")} defaultValue={node.data.notes ?? ""} placeholder={t("canvas.remark_hint")} />
          <div className="fs-dialog-actions">
            <button type="button" className="fs-button" onClick={close}>{t("app.cancel")}</button>
            <button type="submit" className="fs-button fs-button-primary">{t("canvas.remark_save")}</button>
          </div>
        </form>
      )}
    </Modal>
  );
}
