// Publishing: what triggers run, since when, and making the draft it.
import { useEffect, useState } from "react";
import { Check, Rocket } from "lucide-react";
import { toast } from "sonner";
import { formatTime, t } from "../texts/texts.js";
import { get, post } from "./api.js";
import { Dialog } from "../shell/dialog.jsx";

/** Who published what is in production, and when; null until it is known. */
function usePublished(path, published) {
  const [entry, setEntry] = useState(null);
  useEffect(() => {
    if (published === null) return undefined;
    const gone = new AbortController();
    get(`${path}versions/`, { signal: gone.signal })
      .then((answer) => setEntry(answer.items.find((item) => item.published) ?? null))
      .catch(() => setEntry(null));
    return () => gone.abort();
  }, [path, published]);
  return entry;
}

function PublishDialog({ workflow, sync, learn, onClose }) {
  const path = `/workflows/${encodeURIComponent(workflow.id)}/`;
  const entry = usePublished(path, workflow.published);
  const [note, setNote] = useState("");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const act = async (what, body) => {
    setBusy(true);
    setFailure("");
    try {
      if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
      const answer = await post(`${path}${what}/`, body);
      learn(answer);
      toast(what === "publish" ? t("editing.published_toast", { number: answer.published_version }) : t("editing.unpublished_toast"));
      onClose();
    } catch (error) {
      setFailure(error.message);
      setBusy(false);
    }
  };
  return (
    <Dialog closable heading={t("editing.publish_title")} onClose={onClose}>
      <p>{workflow.published === null ? t("editing.publish_first") : workflow.unpublished ? t("editing.publish_changes") : t("editing.publish_none")}</p>
      {workflow.published !== null && (
        <p className="fs-published">
          <Check size={15} aria-hidden="true" />
          {entry ? t(entry.author_name ? "editing.published_by" : "editing.published_at", { number: entry.number, name: entry.author_name, time: formatTime(entry.published_at ?? entry.at) })
            : t("editing.published_as", { number: workflow.published })}
          {entry?.note && <q>{entry.note}</q>}
        </p>
      )}
      <form className="fs-form" onSubmit={(event) => { event.preventDefault(); act("publish", { note }); }}>
        <label>{t("editing.publish_note")}
          <textarea className="fs-input" rows={2} maxLength={1000} value={note} autoFocus onChange={(event) => setNote(event.target.value)} />
        </label>
        {failure && <p className="fs-form-error" role="alert">{failure}</p>}
        <div className="fs-dialog-actions">
          {workflow.published !== null && <button type="button" className="fs-button fs-button-danger" disabled={busy} onClick={() => act("unpublish")}>{t("editing.unpublish")}</button>}
          <span className="fs-gap" />
          <button type="button" className="fs-button" onClick={onClose}>{t("app.cancel")}</button>
          <button type="submit" className="fs-button fs-button-primary" disabled={busy || (workflow.published !== null && !workflow.unpublished)}>{t("editing.publish")}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function PublishButton({ workflow, sync, learn }) {
  const [open, setOpen] = useState(false);
  const done = workflow.published !== null && !workflow.unpublished;
  const Icon = done ? Check : Rocket;
  const hint = workflow.published === null ? t("editing.never_published") : t("editing.published_as", { number: workflow.published });
  return (
    <>
      <button type="button" className="fs-button fs-publish" title={hint} onClick={() => setOpen(true)}>
        <Icon size={15} aria-hidden="true" /> <span className="fs-publish-text">{t(done ? "editing.published" : "editing.publish")}</span>
        {workflow.unpublished && <span className="fs-publish-mark"><span className="fs-visually-hidden">{t("editing.unpublished_changes")}</span></span>}
      </button>
      {open && <PublishDialog workflow={workflow} sync={sync} learn={learn} onClose={() => setOpen(false)} />}
    </>
  );
}
