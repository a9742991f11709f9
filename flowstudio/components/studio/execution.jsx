// The bar of one execution: how it ended, where it belongs, and what can be done with it.
import { useEffect, useState } from "react";
import { ArrowLeft, Bug, Hourglass, RotateCw, Trash2 } from "lucide-react";
import { toast } from "sonner";
import { ConfirmDialog } from "../shell/shell.jsx";
import { formatTime, t } from "../texts/texts.js";
import { call, get, post } from "./api.js";
import { Dropdown } from "./dropdown.jsx";
import { usageOf } from "./runlog.js";
import { FINAL, useRun } from "./runs.js";
import { StatusMark } from "./step.jsx";
import { RunButton } from "./topbar.jsx";
import { usageText } from "./usage.js";

const path = (id) => `/executions/${encodeURIComponent(id)}`;

/** The versions that an execution can be run again with; `fromNode` names a step before which everything is kept. */
export const versions = (id, exists, fromNode) => [
  { label: t("execution.retry_original"), hint: t("execution.retry_original_hint"), onPick: () => retry(id, "original", fromNode) },
  ...(exists ? [{ label: t("execution.retry_current"), hint: t("execution.retry_current_hint"), onPick: () => retry(id, "current", fromNode) }] : []),
];

/** Start an execution again and open the new one. `version` is "original" or "current". */
async function retry(id, version, fromNode) {
  try {
    const { execution } = await post(`${path(id)}/retry/`, { version, ...(fromNode && { from_node: fromNode }) });
    location.assign(path(execution.id));
  } catch (error) {
    toast.error(error.message);
  }
}

/** Whether the workflow of an execution still exists; undefined until that is known. */
export function useExists(id) {
  const [exists, setExists] = useState(id ? undefined : false);
  useEffect(() => {
    if (!id) return undefined;
    const gone = new AbortController();
    get(`/workflows/${encodeURIComponent(id)}/`, { signal: gone.signal }).then(() => setExists(true)).catch((error) => error.status === 404 && setExists(false));
    return () => gone.abort();
  }, [id]);
  return exists;
}

/** `exists` says whether its workflow is still there; undefined while that is not known. */
export function ExecutionBar({ runs, exists, mayEdit, mayRun, onStop }) {
  const execution = useRun(runs, (run) => run.execution);
  const active = useRun(runs, (run) => run.active);
  const usage = useRun(runs, (run) => usageText(usageOf(run.log.runs)));
  const [doomed, setDoomed] = useState(false);
  const workflow = encodeURIComponent(execution.workflow_id ?? "");
  const back = execution.workflow_id && exists ? `/executions?workflow=${workflow}` : "/executions";
  const remove = async () => {
    setDoomed(false);
    try {
      await call("DELETE", `${path(execution.id)}/`);
      location.assign(back);
    } catch (error) {
      toast.error(error.message);
    }
  };
  return (
    <header className="fs-topbar fs-execution-bar">
      <a href={back} className="fs-tool" aria-label={t("execution.back")} title={t("execution.back")}><ArrowLeft size={18} aria-hidden="true" /></a>
      <div className="fs-execution-title">
        <h1 className="fs-topbar-title">{execution.workflow_name || t("execution.title")}</h1>
        <span className="fs-execution-facts">
          <span className={`fs-execution-status fs-text-${execution.status}`}><span aria-hidden="true"><StatusMark state={{ status: execution.status }} size={9} /></span> {t(`status.${execution.status}`)}</span>
          <span>{formatTime(execution.started_at ?? execution.created_at)} · {t(`modes.${execution.mode}`)}</span>
          {usage && <span>{usage}</span>}
          {execution.parent_id && <a className="fs-link" href={path(execution.parent_id)}>{t(execution.mode === "error" ? "execution.failed_one" : "execution.parent")}</a>}
          {execution.retry_of && <a className="fs-link" href={path(execution.retry_of)}>{t("execution.retry_of")}</a>}
          {exists === false && <span className="fs-tag">{t("executions.deleted_workflow")}</span>}
        </span>
      </div>
      <span className="fs-gap" />
      {exists && <a className="fs-button" href={`/workflows/${workflow}`}>{t("execution.to_workflow")}</a>}
      {mayRun && active && <RunButton runs={runs} onStop={onStop} />}
      {mayRun && !active && !execution.data_dropped && <Dropdown className="fs-button" label={t("execution.retry")} text={<><RotateCw size={14} aria-hidden="true" /> {t("execution.retry")}</>} items={versions(execution.id, exists)} />}
      {mayEdit && exists && !execution.data_dropped && FINAL.has(execution.status) && (
        <a className="fs-button fs-button-primary" href={`/workflows/${workflow}?debug=${encodeURIComponent(execution.id)}`} title={t("execution.debug_hint")}><Bug size={15} aria-hidden="true" /> {t("execution.debug")}</a>
      )}
      {mayEdit && FINAL.has(execution.status) && (
        <button type="button" className="fs-tool" aria-label={t("execution.delete")} title={t("execution.delete")} onClick={() => setDoomed(true)}><Trash2 size={16} aria-hidden="true" /></button>
      )}
      <ConfirmDialog open={doomed} heading={t("execution.delete_title")} text={t("execution.delete_text")} confirm={t("app.delete")} onConfirm={remove} onClose={() => setDoomed(false)} />
    </header>
  );
}

/** Why an execution stands still, or has nothing to show. */
export function ExecutionNotice({ runs, store }) {
  const execution = useRun(runs, (run) => run.execution);
  const active = useRun(runs, (run) => run.active);
  const asleep = useRun(runs, (run) => (run.execution?.status === "waiting" ? Object.entries(run.states).find(([, state]) => state.status === "waiting")?.[0] : undefined));
  if (!execution) return null;
  if (execution.status === "waiting") {
    const node = asleep && store.node(asleep);
    const label = node ? store.label(node) : t("execution.waiting_step");
    return (
      <div className="fs-run-notice is-waiting" role="note">
        <Hourglass size={15} aria-hidden="true" />
        <p>{execution.wake_at ? t("execution.waiting_until", { label, time: formatTime(execution.wake_at) }) : t("execution.waiting_call", { label })}</p>
      </div>
    );
  }
  if (active && execution.status === "queued") return <div className="fs-run-notice" role="note"><Hourglass size={15} aria-hidden="true" /><p>{t("execution.queued")}</p></div>;
  return execution.data_dropped ? <div className="fs-run-notice" role="note"><p>{t("execution.not_kept")}</p></div> : null;
}
