// The run log: what the shown execution did, as a tree with times, and the data of the chosen row.
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ChevronDown, ChevronUp, Copy, Download, Search } from "lucide-react";
import { toast } from "sonner";
import { copyText } from "../chat/copying.js";
import { count, formatDuration, t } from "../texts/texts.js";
import { Dropdown } from "./dropdown.jsx";
import { LogDetail } from "./logdetail.jsx";
import { LogTree } from "./logtree.jsx";
import { buildTree, filterTree, flatten, sent, size, telling, usageOf } from "./runlog.js";
import { useRun } from "./runs.js";
import { useSettled } from "./settled.js";
import { usageText } from "./usage.js";
import "./log.css";

const PLACE = "flowstudio.log";
const LOWEST = 120, STEP = 24;
const FEW = 40; // so many rows are all shown from the start
const STATUSES = ["error", "running", "waiting", "success", "skipped", "cancelled"];

/** What a person last chose for the log's size, in this browser. */
function usePlace() {
  const [place, setPlace] = useState(() => {
    try {
      return { height: 260, ...JSON.parse(localStorage.getItem(PLACE)) };
    } catch {
      return { height: 260 };
    }
  });
  useEffect(() => {
    try {
      localStorage.setItem(PLACE, JSON.stringify(place));
    } catch {
      // A browser that keeps nothing shows the usual size next time.
    }
  }, [place]);
  return [place, useCallback((change) => setPlace((before) => ({ ...before, ...change })), [])];
}

/** Time that passes while something runs. */
function useNow(active) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

function Divider({ height, setHeight }) {
  const drag = useRef(null);
  const tallest = () => Math.max(LOWEST, Math.round(innerHeight * 0.75));
  const to = (wanted) => setHeight(Math.min(tallest(), Math.max(LOWEST, Math.round(wanted))));
  return (
    <div
      className="fs-log-divider" role="separator" aria-orientation="horizontal" aria-label={t("log.resize")} tabIndex={0}
      aria-valuenow={height} aria-valuemin={LOWEST} aria-valuemax={tallest()}
      onPointerDown={(event) => { drag.current = { y: event.clientY, height }; event.currentTarget.setPointerCapture(event.pointerId); }}
      onPointerMove={(event) => drag.current && to(drag.current.height + drag.current.y - event.clientY)}
      onPointerUp={() => { drag.current = null; }}
      onKeyDown={(event) => {
        const by = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
        if (!by) return;
        event.preventDefault();
        to(height + by);
      }}
    />
  );
}

/** The whole log to take along, as the server tells it: also what is folded away or filtered out here. */
function Taking({ execution }) {
  const path = `/api/executions/${encodeURIComponent(execution)}/log`;
  const copy = async () => {
    try {
      const answer = await fetch(path);
      if (!answer.ok || !(await copyText(await answer.text()))) throw new Error(answer.statusText);
      toast.success(t("log.copied"));
    } catch (error) {
      toast.error(error.message);
    }
  };
  const save = (format) => Object.assign(document.createElement("a"), { href: `${path}?format=${format}`, download: "" }).click();
  return <>
    <button type="button" className="fs-tool" aria-label={t("log.copy")} title={t("log.copy")} onClick={copy}><Copy size={15} aria-hidden="true" /></button>
    <Dropdown label={t("log.download")} icon={Download} items={[{ label: t("log.as_text"), onPick: () => save("text") }, { label: t("log.as_json"), onPick: () => save("json") }]} />
  </>;
}

/** The rows of the log, narrowed by the filters. */
function useRows(runs, filter, open, covered) {
  const version = useSettled(runs.subscribe, () => runs.version, covered);
  const tree = useMemo(() => {
    const { execution, states, log, nested } = runs;
    return execution && open ? buildTree({ execution, log, states, nested: (id) => nested.get(id) }) : [];
  }, [runs, version, open]); // eslint-disable-line react-hooks/exhaustive-deps -- the store's version stands for all of it
  return [tree, useMemo(() => filterTree(tree, filter), [tree, filter])];
}

/** `covered` says that nobody sees it. `choices(node)` gives the ways to run an execution again from a step; the editor has one way only, `onRetry(node)`. */
export function RunLog({ store, runs, covered = false, mayRun, onOpen, onRetry, choices }) {
  const [kept, setPlace] = usePlace();
  const [filter, setFilter] = useState({ text: "", status: "" });
  const [toggled, setToggled] = useState(() => new Map());
  const [chosen, setChosen] = useState(null); // key of a row
  const [item, setItem] = useState(0);
  const [single, setSingle] = useState(false);
  const execution = useRun(runs, (run) => run.execution);
  const place = { open: Boolean(execution), ...kept }; // folded away until something ran
  const stale = useRun(runs, (run) => run.stale);
  const names = useSyncExternalStore(store.subscribe, () => store.nodes);
  const active = useRun(runs, (run) => run.active);
  const now = useNow(active && place.open && !covered);
  const [tree, rows] = useRows(runs, filter, place.open, covered);
  const total = useMemo(() => size(tree), [tree]);

  useEffect(() => { setToggled(new Map()); setChosen(null); setItem(0); }, [execution?.id]);

  const filtered = Boolean(filter.text.trim() || filter.status);
  const isOpen = useCallback((row) => toggled.get(row.key) ?? (row.kind === "call" ? !row.lazy && telling(row) : filtered || total <= FEW || telling(row)), [toggled, filtered, total]);
  const flat = useMemo(() => flatten(rows, isOpen), [rows, isOpen]);
  const selected = flat.find(({ row }) => row.key === chosen)?.row ?? null;
  const outputsOf = useCallback((id) => store.node(id)?.ports?.outputs ?? [], [store]);
  const name = useCallback((row) => {
    const node = row.execution === runs.execution?.id && row.node && store.node(row.node);
    return node ? store.label(node) : row.label;
  }, [store, runs, names]); // eslint-disable-line react-hooks/exhaustive-deps -- names change with the nodes

  const toggle = useCallback((row, open) => {
    if (open && row.lazy) runs.openCall({ id: row.execution, status: row.status }).catch(() => null);
    setToggled((before) => new Map(before).set(row.key, open));
  }, [runs]);
  const choose = useCallback((row, at = 0) => {
    setChosen(row.key);
    setItem(at);
    if (row.node && row.execution === runs.execution?.id) mark(store, row.by ?? row.node);
  }, [runs, store]);

  /** To the next or the previous item; behind the last one of a step comes the first of the next step. */
  const step = useCallback((by) => {
    const stops = flat.map(({ row }) => row).filter((row) => (row.kind === "node" || row.kind === "round") && sent(row) > 0);
    if (!stops.length) return;
    setSingle(true);
    const at = stops.findIndex((row) => row.key === chosen);
    const here = stops[at];
    if (here && item + by >= 0 && item + by < sent(here)) return void setItem(item + by);
    const next = at < 0 ? stops[by > 0 ? 0 : stops.length - 1] : stops[at + by];
    if (next) choose(next, by > 0 ? 0 : sent(next) - 1);
  }, [flat, chosen, item, choose]);
  useEffect(() => {
    if (!choices) return undefined; // in the editor these keys belong to the canvas
    const key = (event) => {
      const by = { j: 1, k: -1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, .cm-editor, dialog")) return;
      event.preventDefault();
      setPlace({ open: true });
      step(by);
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [choices, step, setPlace]);

  const began = execution?.started_at ? Date.parse(execution.started_at) : null;
  const ended = execution?.finished_at ? Date.parse(execution.finished_at) : Math.max(now, began ?? now);
  const summary = execution && (execution.finished_at && began != null
    ? t("log.summary", { status: t(`status.${execution.status}`), time: formatDuration(Math.max(0, ended - began)) }) : t(`status.${execution.status}`));

  const usage = useRun(runs, (run) => usageText(usageOf(run.log.runs)));
  const filled = place.open && tree.length > 0; // without steps it is as high as its text
  return (
    <section className={`fs-log${filled ? " is-open" : ""}`} style={filled ? { height: place.height } : undefined} aria-label={t("log.title")}>
      {filled && <Divider height={place.height} setHeight={(height) => setPlace({ height })} />}
      <header className="fs-log-head">
        <button type="button" className="fs-log-toggle" aria-expanded={place.open} aria-label={t(place.open ? "log.hide" : "log.show")} onClick={() => setPlace({ open: !place.open })}>
          {place.open ? <ChevronDown size={16} aria-hidden="true" /> : <ChevronUp size={16} aria-hidden="true" />} {t("log.title")}
        </button>
        <span role="status" className={`fs-log-summary fs-text-${execution?.status ?? "idle"}`}>{summary}</span>
        {usage && <span className="fs-log-usage">{usage}</span>}
        {stale.size > 0 && <span className="fs-log-stale">{count(stale.size, "log.stale_one", "log.stale_many")}</span>}
        <span className="fs-gap" />
        {place.open && total > 1 && <>
          <label className="fs-search fs-log-search">
            <Search size={14} aria-hidden="true" />
            <input type="search" aria-label={t("log.find")} placeholder={t("log.find")} value={filter.text} onChange={(event) => setFilter({ ...filter, text: event.target.value })} />
          </label>
          <select className="fs-input fs-input-small" aria-label={t("log.status")} value={filter.status} onChange={(event) => setFilter({ ...filter, status: event.target.value })}>
            <option value="">{t("log.any_status")}</option>
            {STATUSES.map((status) => <option key={status} value={status}>{t(`status.${status}`)}</option>)}
          </select>
        </>}
        {filled && <Taking execution={execution.id} />}
      </header>
      {place.open && (tree.length ? (
        <div className="fs-log-body">
          <LogTree
            flat={flat} name={name} began={began} ended={ended} stale={stale} execution={execution.id} chosen={selected?.key ?? null}
            onChoose={choose} onToggle={toggle} onOpen={onOpen} empty={t("log.none_match")}
          />
          <LogDetail
            runs={runs} row={selected} name={name} stale={stale} item={item} setItem={setItem} single={single} setSingle={setSingle} onStep={step} mayRun={mayRun && !active} onOpen={onOpen} onRetry={onRetry} choices={choices} outputsOf={outputsOf}
          />
        </div>
      ) : <p className="fs-quiet fs-log-empty">{t(active ? "log.starting" : "log.empty")}</p>)}
    </section>
  );
}

/** Show on the canvas which step is meant. */
function mark(store, id) {
  store.nodesChanged(store.nodes.filter((node) => node.selected !== (node.id === id)).map((node) => ({ type: "select", id: node.id, selected: node.id === id })));
}
