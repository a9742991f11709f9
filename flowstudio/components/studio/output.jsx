// The output pane: what a step gave or is pinned to give, why it failed, what it printed.
import { useContext, useState } from "react";
import { CircleAlert, Pin, Play, RotateCcw, ScrollText, SquarePen } from "lucide-react";
import { toast } from "sonner";
import { formatDuration, formatTime, t } from "../texts/texts.js";
import { DataView } from "./data.jsx";
import { Explained } from "./failure.jsx";
import { PAGE, START, nodePath, runQuery, useNodeData } from "./nodedata.js";
import { baseOf } from "./paths.js";
import { PinBanner, PinEditor } from "./pinned_data.jsx";
import { allRows, pinLimit, togglePins } from "./pins.js";
import { PIN_LIMIT, pageOf, sizeOf } from "./rows.js";
import { useRun } from "./runs.js";
import { StatusMark, StudioContext } from "./step.jsx";
import { StepList, Words } from "./steps.jsx";

const scopeOf = (run) => JSON.stringify(run.scope ?? []);

/** Which run of a step is shown, where it ran more than once. `value` is {scope, attempt} or null for the last. */
export function RunSelect({ runs, value, onChange }) {
  if (runs.length < 2) return null;
  const scopes = [...new Set(runs.map(scopeOf))];
  const name = (run) => {
    const tries = runs.filter((other) => scopeOf(other) === scopeOf(run)).length;
    const round = scopes.length > 1 ? t("panel.run", { number: scopes.indexOf(scopeOf(run)) + 1 }) : "";
    return [round, tries > 1 || !round ? t("panel.try", { number: run.attempt }) : ""].filter(Boolean).join(" · ");
  };
  const at = value ? runs.findIndex((run) => scopeOf(run) === scopeOf(value) && run.attempt === value.attempt) : runs.length - 1;
  return (
    <select
      className="fs-input fs-input-small" aria-label={t("panel.which_run")} value={at}
      onChange={(event) => { const run = runs[Number(event.target.value)]; onChange({ scope: run.scope ?? [], attempt: run.attempt }); }}
    >{runs.map((run, index) => <option key={index} value={index}>{name(run)}{run.status === "retrying" || run.status === "error" ? ` · ${t("status.error")}` : ""}</option>)}</select>
  );
}

/** `onItem(index)` shows the item where it happened. */
function Failure({ error, onItem, onRetry }) {
  return (
    <div className="fs-failure" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>
        <strong>{t("panel.failed")}</strong>
        <Explained error={error} />
        <div className="fs-value-actions">
          {onRetry && <button type="button" className="fs-button fs-button-small" onClick={onRetry}><RotateCcw size={13} aria-hidden="true" /> {t("panel.run_again")}</button>}
          {error.item != null && onItem && <button type="button" className="fs-link" onClick={() => onItem(error.item)}>{t("panel.show_item", { number: error.item + 1 })}</button>}
        </div>
      </div>
    </div>
  );
}

function Printed({ runs, nameOf }) {
  const within = runs.filter((run) => run.steps?.length);
  const printed = runs.filter((run) => run.stdout);
  return (
    <div className="fs-data-scroll">
      {within.length > 0 && <h3 className="fs-section">{t("steps.within")}</h3>}
      {within.map((run) => <StepList key={`${scopeOf(run)}/${run.attempt}`} steps={run.steps} nameOf={nameOf} />)}
      {printed.length ? printed.map((run, index) => <pre key={index} className="fs-json">{run.stdout}</pre>) : !within.length && <p className="fs-quiet">{t("panel.no_log")}</p>}
      {runs.length > 0 && (
        <>
          <h3 className="fs-section">{t("panel.tries")}</h3>
          <ol className="fs-tries">
            {runs.map((run, index) => (
              <li key={index}>
                <StatusMark state={{ status: run.status === "retrying" ? "error" : run.status, milliseconds: run.milliseconds }} />
                <span>{formatTime(run.started_at)}</span><span className="fs-quiet">{formatDuration(run.milliseconds)}</span>
                {run.error && <p>{run.error.message}</p>}
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}

/** `run` and `onRun` say which run is shown; `onPoint(places)` points out the inputs of an item; `editing` are the rows being written, if any. */
export function OutputPane({ head, node, run, onRun, onPoint, onItem, dark, editing, setEditing, onRunStep }) {
  const { store, runs, portsOf, mayEdit, mayRun } = useContext(StudioContext);
  const { outputs } = portsOf(node.id);
  const [query, setQuery] = useState(START);
  const [port, setPort] = useState(null);
  const [log, setLog] = useState(false);
  const ask = (changes) => setQuery((before) => ({ ...before, ...changes }));
  const asked = { ...query, run };
  const { execution, state, data, error, loading } = useNodeData(runs, node.id, asked);
  const visiting = useRun(runs, (store_) => store_.execution?.earlier);
  const pinned = node.data.pinned && !visiting ? node.data.pinned : null;
  const first = outputs[0]?.id ?? "main";
  const ports = pinned ? { [first]: pageOf(pinned, { ...query, limit: PAGE }) } : data?.outputs;
  const labels = Object.fromEntries(outputs.map((each) => [each.id, each.label]));
  const shownRun = data?.runs?.find((each) => scopeOf(each) === JSON.stringify(data.scope) && each.attempt === data.attempt);
  const failed = !pinned && (run ? shownRun?.error : state?.error);
  const load = (shown) => (pinned ? pinned : allRows(execution, node.id, { port: shown, run }).then(({ rows }) => rows));
  const pin = (rows) => { store.set(node.id, { pinned: rows }); setEditing(null); };
  const gives = outputs.length > 0;
  const edit = async () => {
    const { rows } = pinned || !ports?.[first]?.total ? { rows: pinned ?? [] } : await allRows(execution, node.id, { port: first, run, limit: PIN_LIMIT });
    if (sizeOf(rows) > PIN_LIMIT) return toast.error(pinLimit());
    return setEditing(rows);
  };

  const said = useRun(runs, (store_) => [...store_.words].findLast(([key]) => JSON.parse(key)[0] === node.id)?.[1]);

  if (editing) {
    return <>{head()}<div className="fs-pane-body"><PinEditor rows={editing} dark={dark} onSave={pin} onClose={() => setEditing(null)} /></div></>;
  }
  const running = state?.status === "running";
  const filled = ports && Object.keys(ports).length > 0;
  return (
    <>
      {head(<>
        {data && !pinned && <button type="button" className="fs-button fs-button-small" aria-pressed={log} onClick={() => setLog(!log)}><ScrollText size={13} aria-hidden="true" /> {t("panel.log")}</button>}
        {mayEdit && gives && !pinned && filled && <button type="button" className="fs-tool" aria-label={t("pins.pin")} title={t("pins.pin_hint")} onClick={() => togglePins(store, runs, [node.id], run)}><Pin size={15} aria-hidden="true" /></button>}
        {mayEdit && gives && <button type="button" className="fs-tool" aria-label={t("pins.edit")} title={t("pins.edit")} onClick={edit}><SquarePen size={15} aria-hidden="true" /></button>}
      </>)}
      <div className="fs-pane-body">
      {data && !pinned && data.runs.length > 1 && <div className="fs-pane-bar"><RunSelect runs={data.runs} value={run} onChange={(next) => { onRun(next); ask({ offset: 0 }); }} /></div>}
      {pinned && <PinBanner mayEdit={mayEdit} onEdit={edit} onUnpin={() => togglePins(store, runs, [node.id])} />}
      {failed && <Failure error={failed} onItem={onItem} onRetry={mayRun && onRunStep} />}
      {error && <p className="fs-quiet" role="alert">{error}</p>}
      {log && data && !pinned ? <Printed runs={data.runs} nameOf={(id) => (store.node(id) ? store.label(store.node(id)) : "")} />
        : filled ? (
          <DataView
            side="output" name={t("panel.output")} fileName={store.label(node)} ports={ports} labels={labels} query={asked} ask={ask} port={port} onPort={setPort}
            baseOf={() => baseOf(store.label(node))} load={load} onPoint={!pinned && ((item) => onPoint(item?.paired ?? null))}
            fileAddress={execution && !pinned && ((item, name, shown) => `/api${nodePath(execution, node.id)}/files/${item.index}?${new URLSearchParams({ name, port: shown, ...runQuery(run) })}`)}
          />
        )
          : running && said ? <Words words={said} />
          : loading || running ? <p className="fs-quiet fs-pane-empty" role="status">{t(running ? "status.running" : "app.loading")}</p>
            : !failed && (
              <div className="fs-pane-empty">
                <p>{t(!gives ? "panel.gives_nothing" : state?.status === "skipped" ? "panel.was_skipped" : state ? "panel.no_items" : "panel.unrun")}</p>
                {mayRun && onRunStep && state?.status !== "success" && <button type="button" className="fs-button fs-button-small" onClick={onRunStep}><Play size={13} aria-hidden="true" /> {t("panel.run_now")}</button>}
                {mayEdit && gives && !state && <button type="button" className="fs-button fs-button-small" onClick={() => setEditing([])}><SquarePen size={13} aria-hidden="true" /> {t("panel.write_test_data")}</button>}
              </div>
            )}
      </div>
    </>
  );
}
