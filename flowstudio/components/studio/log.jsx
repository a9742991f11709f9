// The run log: the steps of the shown execution in the order in which they started.
import { useMemo, useSyncExternalStore } from "react";
import { ChevronDown, ChevronUp } from "lucide-react";
import { formatDuration, formatNumber, formatTime, t } from "../texts/texts.js";
import { totalItems, useRun } from "./runs.js";
import { StatusMark } from "./step.jsx";

const ROWS = 400;

export function RunLog({ store, runs, open, setOpen, onOpen }) {
  const version = useRun(runs, (run) => run.version);
  const nodes = useSyncExternalStore(store.subscribe, () => store.nodes.length);
  const { execution, states } = runs;
  const [sorted, more] = useMemo(() => {
    const ran = Object.entries(states).filter(([, state]) => state.status !== "skipped");
    const skipped = Object.entries(states).filter(([, state]) => state.status === "skipped");
    ran.sort(([, a], [, b]) => (a.started_at ?? "").localeCompare(b.started_at ?? ""));
    const all = [...ran, ...skipped];
    return [all.slice(0, ROWS), all.length - ROWS];
  }, [version, nodes, states]);
  const name = (id, state) => {
    const node = store.node(id);
    return node ? store.label(node) : state.label ?? id;
  };
  const took = execution?.finished_at && execution.started_at ? new Date(execution.finished_at) - new Date(execution.started_at) : null;
  const summary = execution && (took == null ? t(`status.${execution.status}`)
    : t("log.summary", { status: t(`status.${execution.status}`), time: formatDuration(Math.max(0, took)) }));

  return (
    <section className={`fs-log${open ? " is-open" : ""}`} aria-label={t("log.title")}>
      <header className="fs-log-head">
        <button type="button" className="fs-log-toggle" aria-expanded={open} aria-label={t(open ? "log.hide" : "log.show")} onClick={() => setOpen(!open)}>
          {open ? <ChevronDown size={16} aria-hidden="true" /> : <ChevronUp size={16} aria-hidden="true" />} {t("log.title")}
        </button>
        <span role="status" className={`fs-log-summary fs-text-${execution?.status ?? "idle"}`}>{summary}</span>
      </header>
      {open && execution?.error && <p className="fs-log-error" role="alert">{execution.error.message}</p>}
      {open && (sorted.length ? (
        <div className="fs-log-scroll">
          <table className="fs-log-table">
            <thead><tr><th scope="col">{t("log.status")}</th><th scope="col">{t("log.step")}</th><th scope="col" className="fs-number">{t("log.items")}</th><th scope="col" className="fs-number">{t("log.time")}</th><th scope="col">{t("executions.started")}</th></tr></thead>
            <tbody>
              {sorted.map(([id, state]) => (
                <tr key={id} onClick={() => onOpen(id)}>
                  <td><StatusMark state={state} /></td>
                  <td>
                    <button type="button" className="fs-link" aria-label={t("log.open", { label: name(id, state) })}>{name(id, state)}</button>
                    {state.runs > 1 && <span className="fs-quiet"> · {t("log.runs", { count: formatNumber(state.runs) })}</span>}
                    {state.error && <span className="fs-text-error"> · {state.error.message}</span>}
                  </td>
                  <td className="fs-number">{state.status === "skipped" ? "" : formatNumber(totalItems(state))}</td>
                  <td className="fs-number">{formatDuration(state.milliseconds)}</td>
                  <td>{formatTime(state.started_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {more > 0 && <p className="fs-quiet">{t("log.rest", { count: formatNumber(more) })}</p>}
        </div>
      ) : <p className="fs-quiet fs-log-empty">{t("log.empty")}</p>)}
    </section>
  );
}
