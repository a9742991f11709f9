// What went into and came out of the chosen row of the run log, what it printed, and why it failed.
import { useEffect, useMemo, useState } from "react";
import { ArrowUpRight, ChevronLeft, ChevronRight, ExternalLink, RotateCw } from "lucide-react";
import { formatNumber, t } from "../texts/texts.js";
import { ApiError, get } from "./api.js";
import { DataView } from "./data.jsx";
import { Explained } from "./failure.jsx";
import { Dropdown } from "./dropdown.jsx";
import { rowName } from "./logtree.jsx";
import { PAGE } from "./nodedata.js";
import { allRows } from "./pins.js";
import { placeOf, sent } from "./runlog.js";
import { useRun } from "./runs.js";
import { StepBody, Words } from "./steps.jsx";

const SIDES = ["outputs", "inputs", "printed"];

/** Items and prints of one try; asked for again when it ends. */
function useTry(row, offset, limit, search) {
  const [answer, setAnswer] = useState(null);
  const [problem, setProblem] = useState(null);
  const { execution, node, attempt } = row ?? {};
  const scope = row && JSON.stringify(row.scope);
  const stamp = row && `${row.status}/${row.ended}`;
  useEffect(() => {
    setProblem(null);
    if (!node || attempt == null || row.status === "running") return void setAnswer(null);
    const gone = new AbortController();
    const query = new URLSearchParams({ scope, attempt: String(attempt), offset: String(offset), limit: String(limit), ...(search && { search }) });
    get(`/executions/${encodeURIComponent(execution)}/nodes/${encodeURIComponent(node)}/?${query}`, { signal: gone.signal })
      .then(setAnswer).catch((failure) => failure instanceof ApiError && setProblem(failure.message));
    return () => gone.abort();
  }, [execution, node, scope, attempt, stamp, offset, limit, search]); // eslint-disable-line react-hooks/exhaustive-deps -- `stamp` stands for `row`
  return [answer, problem];
}

function One({ shown, item, onStep, total }) {
  return (
    <div className="fs-trace-one">
      <div className="fs-trace-stepper">
        <button type="button" className="fs-tool" aria-label={t("log.previous_item")} title={t("log.previous_item")} aria-keyshortcuts="K" onClick={() => onStep(-1)}><ChevronLeft size={16} aria-hidden="true" /></button>
        <span>{t("log.item_of", { number: formatNumber(item + 1), total: formatNumber(total) })}</span>
        <button type="button" className="fs-tool" aria-label={t("log.next_item")} title={t("log.next_item")} aria-keyshortcuts="J" onClick={() => onStep(1)}><ChevronRight size={16} aria-hidden="true" /></button>
      </div>
      {shown !== undefined && <pre className="fs-json" tabIndex={0}>{JSON.stringify(shown, null, 2)}</pre>}
    </div>
  );
}

export function LogDetail({ runs, row, name, stale, item, setItem, single, setSingle, onStep, mayRun, onOpen, onRetry, choices, outputsOf }) {
  const [side, setSide] = useState("outputs");
  const [query, setQuery] = useState({ offset: 0, search: "" });
  const [port, setPort] = useState(null);
  const key = row?.key;
  useEffect(() => setQuery({ offset: 0, search: "" }), [key, side]);
  const step = row?.kind === "step" ? row.step : null;
  const one = single && side === "outputs" && row ? placeOf(row.items, item) : null;
  const [answer, problem] = useTry(row, one ? one.offset : query.offset, one || step ? 1 : PAGE, one ? "" : query.search);
  const live = useRun(runs, (run) => row && run.prints.get(JSON.stringify([row.node, row.scope])));
  const words = useRun(runs, (run) => row && run.words.get(JSON.stringify([row.node, row.scope])));
  const kept = useRun(runs, (run) => !run.execution?.data_dropped);
  const printed = useMemo(() => answer?.runs.find((run) => run.attempt === row?.attempt && JSON.stringify(run.scope) === JSON.stringify(row.scope))?.stdout || live || "", [answer, live, row]);
  const labels = useMemo(() => (row && side === "outputs" ? Object.fromEntries(outputsOf(row.node).map(({ id, label }) => [id, label])) : {}), [row, side, outputsOf]);
  if (!row) return <aside className="fs-trace-detail is-empty" aria-label={t("log.detail")}><p className="fs-quiet">{t("log.choose")}</p></aside>;

  const label = rowName(row, name);
  const told = step && answer?.runs.find((run) => run.attempt === row.attempt && JSON.stringify(run.scope) === JSON.stringify(row.scope))?.steps.find(({ number }) => number === step.number);
  const here = row.execution === runs.execution?.id;
  const shown = side === "printed" && !printed ? "outputs" : side;
  const total = sent(row);
  return (
    <aside className="fs-trace-detail" aria-label={t("log.detail")}>
      <header className="fs-trace-detail-head">
        <h3>{row.kind === "round" || row.kind === "try" || step ? t("log.of", { label: name(row), part: label }) : label}</h3>
        <span className={`fs-text-${row.status}`}>{t(`status.${row.status}`)}</span>
        <span className="fs-gap" />
        {row.kind === "call" && <a className="fs-button fs-button-small" href={`/executions/${encodeURIComponent(row.execution)}`}><ExternalLink size={13} aria-hidden="true" /> {t("log.open_execution")}</a>}
        {here && row.node && mayRun && kept && row.status !== "skipped" && row.kind !== "round" && !step && !row.scope.length && (
          choices ? <Dropdown label={t("log.retry")} text={<><RotateCw size={13} aria-hidden="true" /> {t("log.retry")}</>} className="fs-button fs-button-small" items={choices(row.node)} />
            : onRetry && <button type="button" className="fs-button fs-button-small" title={t("log.retry_hint")} onClick={() => onRetry(row.node)}><RotateCw size={13} aria-hidden="true" /> {t("log.retry")}</button>
        )}
        {here && row.node && onOpen && <button type="button" className="fs-button fs-button-small" onClick={() => onOpen(row.by ?? row.node)}><ArrowUpRight size={14} aria-hidden="true" /> {t("failure.open")}</button>}
      </header>
      {here && stale.has(row.node) && <p className="fs-quiet">{t("log.stale_text")}</p>}
      {row.error && !step && <div className="fs-failure"><Explained error={row.error} /></div>}
      {problem && <p className="fs-quiet" role="alert">{problem}</p>}
      {row.node && !step && row.status !== "skipped" && (
        <div className="fs-trace-detail-bar">
          <div className="fs-segments" role="group" aria-label={t("log.side")}>
            {SIDES.filter((each) => each !== "printed" || printed).map((each) => (
              <button key={each} type="button" aria-pressed={shown === each} onClick={() => setSide(each)}>{t(`log.${each}`)}</button>
            ))}
          </div>
          <span className="fs-gap" />
          {shown === "outputs" && total > 0 && (
            <button type="button" className="fs-link" aria-pressed={single} onClick={() => { setSingle(!single); setItem(0); }}>{t(single ? "log.all_items" : "log.one_by_one")}</button>
          )}
        </div>
      )}
      {!kept && here ? <p className="fs-quiet">{t("execution.not_kept")}</p>
        : step ? <StepBody step={told ?? step} by={name({ ...row, node: row.by })} words={row.status === "running" ? words : undefined} />
        : row.status === "skipped" ? <p className="fs-quiet">{t("log.skipped")}</p>
        : shown === "printed" ? <pre className="fs-json" tabIndex={0}>{printed}</pre>
        : one && answer ? <One shown={answer.outputs[one.port]?.items[0]?.json} item={item} total={total} onStep={onStep} />
        : answer ? Object.keys(answer[shown]).length > 0
          ? <DataView
              side="log" name={t(`log.${shown}`)} fileName={name(row)} ports={answer[shown]} labels={labels} query={query} ask={(changes) => setQuery((before) => ({ ...before, ...changes }))} port={port} onPort={setPort}
              load={(wanted) => allRows(row.execution, row.node, { side: shown, port: wanted, run: row }).then(({ rows }) => rows)}
            />
          : <p className="fs-quiet">{t("log.no_items")}</p>
        : row.status === "running" ? words?.text || words?.reasoning ? <Words words={words} /> : <p className="fs-quiet">{t("log.still_running")}</p> : null}
    </aside>
  );
}
