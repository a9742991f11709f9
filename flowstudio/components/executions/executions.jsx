// The list of executions: filters in the address, totals, live rows, actions on many at once.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { History, Hourglass, RotateCw, SearchX, Square, Trash2, X } from "lucide-react";
import { toast } from "sonner";
import { Ago, ConfirmDialog } from "../shell/shell.jsx";
import { ApiError, get, post } from "../studio/api.js";
import { count, formatDuration, formatNumber, formatTime, t } from "../texts/texts.js";
import { LIVE, MODES, STATUSES, TIMES, fitting, isFiltered, mergePages, noFilters, queryOf, readFilters, writeFilters } from "./filters.js";
import "./executions.css";

const PAGE = 50;
const SOON = 2000, LATER = 8000; // ms between looks, while something runs and else
const ICONS = { retry: RotateCw, stop: Square, delete: Trash2 };
const AT_ONCE = 4;

/** The filters, kept in the address. */
function useFilters() {
  const [filters, setFilters] = useState(() => readFilters(location.search));
  const set = useCallback((change) => setFilters((before) => ({ ...before, ...change })), []);
  useEffect(() => {
    const wanted = location.pathname + writeFilters(filters);
    if (wanted !== location.pathname + location.search) history.replaceState(history.state, "", wanted);
  }, [filters]);
  return [filters, set];
}

/** Rows and totals, looked at again while the page is seen. */
function useExecutions(filters) {
  const [state, setState] = useState({ rows: null, cursor: null, totals: null, failure: null });
  const newest = useRef(0);
  const look = useCallback(async (anew) => {
    const turn = ++newest.current;
    const query = queryOf(filters, Date.now());
    query.set("limit", String(PAGE));
    try {
      const [page, totals] = await Promise.all([get(`/executions/?${query}`), get(`/executions/totals/?${queryOf(filters, Date.now(), { totals: true })}`)]);
      if (turn !== newest.current) return;
      setState((before) => {
        const kept = anew || !before.rows ? [] : before.rows;
        const rows = mergePages(kept, page.items, page.next_cursor);
        return { rows, totals, failure: null, cursor: rows.length > page.items.length ? before.cursor : page.next_cursor };
      });
    } catch (error) {
      if (turn === newest.current && error instanceof ApiError) setState((before) => ({ ...before, failure: error.message }));
    }
  }, [filters]);
  useEffect(() => { look(true); }, [look]);
  const lively = state.rows?.some((row) => LIVE.has(row.status));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && look(false), lively ? SOON : LATER);
    const seen = () => document.visibilityState === "visible" && look(false);
    document.addEventListener("visibilitychange", seen);
    return () => { clearInterval(timer); document.removeEventListener("visibilitychange", seen); };
  }, [look, lively]);
  const more = useCallback(async () => {
    const query = queryOf(filters, Date.now());
    query.set("limit", String(PAGE));
    query.set("cursor", state.cursor);
    try {
      const page = await get(`/executions/?${query}`);
      setState((before) => ({ ...before, rows: [...before.rows, ...page.items], cursor: page.next_cursor }));
    } catch (error) {
      toast.error(error.message);
    }
  }, [filters, state.cursor]);
  return { ...state, look, more };
}

/** Names of the workflows to choose from: [[id, name], …]; the chosen one is among them however many there are. */
function useWorkflows(chosen) {
  const [workflows, setWorkflows] = useState([]);
  const missing = workflows.length > 0 && chosen && !workflows.some(([id]) => id === chosen);
  useEffect(() => {
    if (!missing) return;
    get(`/workflows/${encodeURIComponent(chosen)}/`).then(({ document }) => setWorkflows((before) => [...before, [chosen, document.name]])).catch(() => null);
  }, [missing, chosen]);
  useEffect(() => {
    get("/workflows/?limit=200").then(({ items }) => setWorkflows(items.map(({ id, name }) => [id, name]).sort(([, a], [, b]) => a.localeCompare(b)))).catch(() => null);
  }, []);
  return workflows;
}

function Choice({ label, value, options, any, onChange }) {
  return (
    <select className={`fs-input fs-input-small${value ? " is-set" : ""}`} aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{any}</option>
      {options.map(([id, name]) => <option key={id} value={id}>{name}</option>)}
    </select>
  );
}

function Filters({ filters, set, workflows }) {
  const names = workflows.some(([id]) => id === filters.workflow) || !filters.workflow ? workflows : [...workflows, [filters.workflow, t("executions.deleted_workflow")]];
  return (
    <div className="fs-toolbar fs-executions-filters" role="search" aria-label={t("executions.filters")}>
      <Choice label={t("executions.workflow")} any={t("executions.any_workflow")} value={filters.workflow} options={names} onChange={(workflow) => set({ workflow })} />
      <Choice label={t("executions.mode")} any={t("executions.any_mode")} value={filters.mode} options={MODES.map((mode) => [mode, t(`modes.${mode}`)])} onChange={(mode) => set({ mode })} />
      <Choice label={t("executions.time")} any={t("executions.any_time")} value={filters.time} options={TIMES.map((time) => [time, t(`executions.time_${time}`)])} onChange={(time) => set({ time, ...(time !== "custom" && { from: "", to: "" }) })} />
      {filters.time === "custom" && <>
        <input type="datetime-local" className="fs-input fs-input-small" aria-label={t("executions.from")} value={filters.from} onChange={(event) => set({ from: event.target.value })} />
        <span className="fs-quiet" aria-hidden="true">–</span>
        <input type="datetime-local" className="fs-input fs-input-small" aria-label={t("executions.to")} value={filters.to} onChange={(event) => set({ to: event.target.value })} />
      </>}
      {isFiltered(filters) && <button type="button" className="fs-link" onClick={() => set(noFilters())}>{t("executions.clear")}</button>}
    </div>
  );
}

/** How many there are of each status; choosing one narrows the list to it. */
function Totals({ totals, status, choose }) {
  const all = totals ? Object.values(totals).reduce((sum, number) => sum + number, 0) : null;
  const shown = STATUSES.filter((name) => name === status || ["success", "error", "running"].includes(name) || totals?.[name]);
  return (
    <div className="fs-executions-totals" role="group" aria-label={t("executions.status")}>
      {["", ...shown].map((name) => {
        const number = name ? totals?.[name] : all;
        return (
          <button key={name} type="button" aria-pressed={status === name} className={name ? `fs-total-${name}` : ""} onClick={() => choose(name)}>
            {name ? t(`status.${name}`) : t("executions.all")} {number != null && <span className="fs-count">{formatNumber(number)}</span>}
          </button>
        );
      })}
    </div>
  );
}

function took({ started_at: from, finished_at: to, status }, now) {
  if (!from || (!to && status !== "running")) return "";
  return formatDuration(Math.max(0, (to ? Date.parse(to) : now) - Date.parse(from)));
}

function Row({ row, now, chosen, onChoose, selectable }) {
  const name = row.workflow_name || t("executions.deleted_workflow");
  return (
    <tr aria-selected={selectable ? chosen : undefined} className={chosen ? "is-chosen" : undefined}>
      {selectable && <td className="fs-check"><input type="checkbox" aria-label={t("executions.choose", { name, time: formatTime(row.started_at ?? row.created_at) })} checked={chosen} onChange={(event) => onChoose(row.id, event.target.checked, event.nativeEvent.shiftKey)} /></td>}
      <td>
        <a className="fs-title" href={`/executions/${encodeURIComponent(row.id)}`} aria-label={t("executions.open", { name })}>{name}</a>
        {row.error && <small className="fs-executions-error" title={row.error.message}>{row.error.message}</small>}
        {row.status === "waiting" && row.wake_at && <small><Hourglass size={11} aria-hidden="true" /> {t("executions.until", { time: formatTime(row.wake_at) })}</small>}
      </td>
      <td className="fs-nowrap"><span className={`fs-pill fs-pill-${row.status}`}>{t(`status.${row.status}`)}</span></td>
      <td className="fs-nowrap"><Ago at={row.started_at ?? row.created_at} /></td>
      <td className="fs-number fs-nowrap">{took(row, now)}</td>
      <td className="fs-nowrap"><span className="fs-tag">{t(`modes.${row.mode}`)}</span></td>
    </tr>
  );
}

/** Do something for each, a few at once; gives how many went well and the first refusal. */
async function each(rows, act) {
  const left = [...rows];
  let done = 0, refusal = null;
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) {
      try {
        await act(row);
        done++;
      } catch (error) {
        refusal ??= error.message;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return [done, refusal];
}

const path = (row) => `/executions/${encodeURIComponent(row.id)}`;
const ACTIONS = {
  retry: (rows) => each(rows, (row) => post(`${path(row)}/retry/`, { version: "original" })),
  stop: (rows) => each(rows, (row) => post(`${path(row)}/cancel/`)),
  delete: async (rows) => [(await post("/executions/delete/", { ids: rows.map((row) => row.id) })).deleted, null],
};

function Bulk({ rows, chosen, clear, mayEdit, mayRun, onDone }) {
  const [asked, setAsked] = useState(null);
  const [busy, setBusy] = useState(false);
  const fit = asked ? fitting(asked, rows, chosen) : [];
  const act = async () => {
    const action = asked;
    setAsked(null);
    setBusy(true);
    try {
      const [done, refusal] = await ACTIONS[action](fit);
      if (done) toast.success(count(done, `executions.${action}_done_one`, `executions.${action}_done_many`));
      if (refusal) toast.error(refusal);
      clear();
    } catch (error) {
      toast.error(error.message);
    } finally {
      setBusy(false);
      onDone();
    }
  };
  return (
    <div className="fs-executions-bulk" role="toolbar" aria-label={t("executions.bulk")}>
      <strong role="status">{count(chosen.size, "executions.chosen_one", "executions.chosen_many")}</strong>
      {[["retry", mayRun], ["stop", mayRun], ["delete", mayEdit]].filter(([, may]) => may).map(([action]) => {
        const Icon = ICONS[action];
        return (
          <button key={action} type="button" className={`fs-button fs-button-small${action === "delete" ? " fs-button-danger" : ""}`} disabled={busy || !fitting(action, rows, chosen).length} onClick={() => setAsked(action)}>
            <Icon size={13} aria-hidden="true" /> {t(`executions.${action}`)}
          </button>
        );
      })}
      <button type="button" className="fs-tool" aria-label={t("executions.choose_none")} title={t("executions.choose_none")} onClick={clear}><X size={16} aria-hidden="true" /></button>
      <ConfirmDialog
        open={Boolean(asked)} heading={asked ? count(fit.length, `executions.${asked}_title_one`, `executions.${asked}_title_many`) : ""} text={asked ? t(`executions.${asked}_text`) : ""}
        confirm={asked ? t(`executions.${asked}`) : ""} onConfirm={act} onClose={() => setAsked(null)}
      />
    </div>
  );
}

function Nothing({ filters, clear }) {
  const filtered = isFiltered(filters);
  const one = filters.workflow && Object.entries(filters).every(([name, value]) => name === "workflow" || !value);
  const Icon = filtered && !one ? SearchX : History;
  return (
    <div className="fs-card fs-empty" role="status">
      <Icon size={32} strokeWidth={1.5} aria-hidden="true" />
      <h2>{t(one ? "executions.empty_workflow" : filtered ? "executions.empty_filter" : "executions.empty_title")}</h2>
      <p>{t(filtered && !one ? "executions.empty_filter_text" : "executions.empty_text")}</p>
      {one ? <a className="fs-button fs-button-primary" href={`/workflows/${encodeURIComponent(filters.workflow)}`}>{t("execution.to_workflow")}</a>
        : filtered ? <button type="button" className="fs-button" onClick={clear}>{t("executions.clear")}</button>
        : <a className="fs-button fs-button-primary" href="/">{t("executions.to_workflows")}</a>}
    </div>
  );
}

export function ExecutionList({ mayEdit, mayRun }) {
  const [filters, set] = useFilters();
  const { rows, totals, cursor, failure, look, more } = useExecutions(filters);
  const workflows = useWorkflows(filters.workflow);
  const [chosen, setChosen] = useState(() => new Set());
  const last = useRef(null);
  const now = Date.now();
  const selectable = mayEdit || mayRun;
  const clear = useCallback(() => setChosen(new Set()), []);
  useEffect(clear, [filters, clear]);
  const present = useMemo(() => new Set((rows ?? []).filter((row) => chosen.has(row.id)).map((row) => row.id)), [rows, chosen]);

  /** With Shift, everything between this row and the one before it goes along. */
  const choose = useCallback((id, on, stretch) => {
    setChosen((before) => {
      const ids = rows.map((row) => row.id);
      const [from, to] = [ids.indexOf(last.current), ids.indexOf(id)].sort((a, b) => a - b);
      const range = stretch && from >= 0 ? ids.slice(from, to + 1) : [id];
      const next = new Set(before);
      for (const each of range) on ? next.add(each) : next.delete(each);
      return next;
    });
    last.current = id;
  }, [rows]);

  const workflow = workflows.find(([id]) => id === filters.workflow)?.[1];
  return (
    <div className="fs-executions" onKeyDown={(event) => event.key === "Escape" && present.size > 0 && !event.target.closest("dialog, select") && clear()}>
      <Filters filters={filters} set={set} workflows={workflows} />
      <div className="fs-executions-bar">
        {present.size > 0 ? <Bulk rows={rows} chosen={present} clear={clear} mayEdit={mayEdit} mayRun={mayRun} onDone={() => look(false)} />
          : <Totals totals={totals} status={filters.status} choose={(status) => set({ status })} />}
        <span className="fs-gap" />
        {workflow && <a className="fs-link" href={`/workflows/${encodeURIComponent(filters.workflow)}`}>{t("executions.open_workflow", { name: workflow })}</a>}
      </div>
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
      {!rows ? <div className="fs-card fs-skeleton" aria-busy="true" /> : !rows.length ? <Nothing filters={filters} clear={() => set(noFilters())} /> : (
        <div className="fs-card">
          <div className="fs-card-scroll">
            <table className="fs-table">
              <thead><tr>
                {selectable && <th scope="col" className="fs-check"><input type="checkbox" aria-label={t("executions.choose_all")} checked={present.size === rows.length} ref={(box) => { if (box) box.indeterminate = present.size > 0 && present.size < rows.length; }} onChange={(event) => setChosen(new Set(event.target.checked ? rows.map((row) => row.id) : []))} /></th>}
                <th scope="col">{t("executions.workflow")}</th><th scope="col">{t("executions.status")}</th><th scope="col">{t("executions.started")}</th><th scope="col" className="fs-number">{t("executions.duration")}</th><th scope="col">{t("executions.mode")}</th>
              </tr></thead>
              <tbody>{rows.map((row) => <Row key={row.id} row={row} now={now} chosen={present.has(row.id)} onChoose={choose} selectable={selectable} />)}</tbody>
            </table>
          </div>
          {cursor && <div className="fs-more"><button type="button" className="fs-button" onClick={more}>{t("app.more")}</button></div>}
        </div>
      )}
    </div>
  );
}
