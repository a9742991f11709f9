// What a workflow is called and how its executions are treated: a dialog, stored as one edit that can be undone.
import { useEffect, useId, useState } from "react";
import { t } from "../texts/texts.js";
import { get } from "./api.js";
import { Dialog } from "../shell/dialog.jsx";

const zones = () => (Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : []);

function isZone(name) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

const tagsOf = (text) => [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];
const numberOf = (text) => (String(text).trim() === "" ? undefined : Number(text));

/** Asked once for a list of the API; empty until then. */
function useList(path, of) {
  const [items, setItems] = useState([]);
  useEffect(() => {
    const gone = new AbortController();
    get(path, { signal: gone.signal }).then((answer) => setItems(answer.items.map(of))).catch(() => setItems([]));
    return () => gone.abort();
  }, [path]); // eslint-disable-line react-hooks/exhaustive-deps -- `of` says only how an item looks
  return items;
}

export function SettingsDialog({ store, workflowId, onClose }) {
  const { meta } = store.snapshot;
  const settings = meta.settings ?? {};
  const [values, setValues] = useState(() => ({
    name: meta.name ?? "", description: meta.description ?? "", tags: (meta.tags ?? []).join(", "), error_workflow: settings.error_workflow ?? "",
    timezone: settings.timezone ?? "", timeout: settings.timeout ?? "", concurrency: settings.concurrency ?? "",
    queue: settings.queue ?? "",
    save_success: settings.save_success !== "none", save_error: settings.save_error !== "none",
  }));
  const [failure, setFailure] = useState("");
  const ids = useId();
  const workflows = useList("/workflows/?limit=200", ({ id, name }) => ({ id, name })).filter(({ id }) => id !== workflowId);
  const known = useList("/workflows/tags", ({ tag }) => tag);
  const on = (name) => (event) => setValues((before) => ({ ...before, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value }));

  const submit = (event) => {
    event.preventDefault();
    const zone = values.timezone.trim();
    if (!values.name.trim()) return void setFailure(t("editing.name_missing"));
    if (zone && !isZone(zone)) return void setFailure(t("editing.zone_unknown", { zone }));
    store.describe({
      name: values.name.trim(), description: values.description.trim() || undefined, tags: tagsOf(values.tags),
      settings: {
        error_workflow: values.error_workflow || undefined, timezone: zone || undefined,
        timeout: numberOf(values.timeout), concurrency: numberOf(values.concurrency), queue: values.queue || undefined,
        save_success: values.save_success ? undefined : "none", save_error: values.save_error ? undefined : "none",
      },
    });
    onClose();
  };

  return (
    <Dialog closable heading={t("editing.settings_title")} className="fs-dialog-wide" onClose={onClose}>
      <form className="fs-form fs-settings" onSubmit={submit}>
        <label>{t("editing.name")}<input className="fs-input" value={values.name} maxLength={200} required autoFocus onChange={on("name")} /></label>
        <label>{t("editing.description")}<textarea className="fs-input" rows={3} value={values.description} onChange={on("description")} /></label>
        <label>{t("editing.tags")}
          <input className="fs-input" value={values.tags} list={`${ids}tags`} onChange={on("tags")} />
          <small>{t("editing.tags_help")}</small>
          <datalist id={`${ids}tags`}>{known.map((tag) => <option key={tag} value={tag} />)}</datalist>
        </label>
        <label>{t("editing.error_workflow")}
          <select className="fs-input" value={values.error_workflow} onChange={on("error_workflow")}>
            <option value="">{t("editing.no_workflow")}</option>
            {values.error_workflow && !workflows.some(({ id }) => id === values.error_workflow) && <option value={values.error_workflow}>{values.error_workflow}</option>}
            {workflows.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </select>
          <small>{t("editing.error_workflow_help")}</small>
        </label>
        <label>{t("editing.timezone")}
          <input className="fs-input" value={values.timezone} list={`${ids}zones`} placeholder={t("editing.timezone_default")} onChange={on("timezone")} />
          <datalist id={`${ids}zones`}>{zones().map((zone) => <option key={zone} value={zone} />)}</datalist>
        </label>
        <div className="fs-settings-pair">
          <label>{t("editing.timeout")}<input className="fs-input" type="number" min="0.1" step="any" value={values.timeout} placeholder={t("editing.no_limit")} onChange={on("timeout")} /></label>
          <label>{t("editing.concurrency")}<input className="fs-input" type="number" min="1" max="10000" step="1" value={values.concurrency} placeholder={t("editing.no_limit")} onChange={on("concurrency")} /></label>
        </div>
        <label>{t("editing.queue")}
          <select className="fs-input" value={values.queue} onChange={on("queue")}>
            {["", "interactive", "default", "bulk"].map((queue) => <option key={queue} value={queue}>{t(`editing.queue_${queue || "by_start"}`)}</option>)}
          </select>
          <small>{t("editing.queue_help")}</small>
        </label>
        <label className="fs-settings-check"><input type="checkbox" checked={values.save_success} onChange={on("save_success")} /> {t("editing.save_success")}</label>
        <label className="fs-settings-check"><input type="checkbox" checked={values.save_error} onChange={on("save_error")} /> {t("editing.save_error")}</label>
        {failure && <p className="fs-form-error" role="alert">{failure}</p>}
        <div className="fs-dialog-actions">
          <button type="button" className="fs-button" onClick={onClose}>{t("app.cancel")}</button>
          <button type="submit" className="fs-button fs-button-primary">{t("editing.settings_save")}</button>
        </div>
      </form>
    </Dialog>
  );
}
