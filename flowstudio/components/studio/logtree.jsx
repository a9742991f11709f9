// The rows of the run log. Only those in sight are drawn, so a thousand steps cost as much as twenty.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { ArrowUpRight, ChevronRight, Repeat2, RotateCw, Terminal, Workflow } from "lucide-react";
import { formatDuration, formatNumber, t } from "../texts/texts.js";
import { barOf, sent, visible } from "./runlog.js";
import { StatusMark } from "./step.jsx";
import { STEP_ICONS, stepName } from "./steps.jsx";
import { usageText } from "./usage.js";

const HEIGHT = 30; // px of a row, as in log.css
const COLUMNS = ["step", "status", "started", "took", "received", "sent"];
const ICONS = { round: Repeat2, try: RotateCw, call: Workflow };

export function rowName(row, name) {
  if (row.kind === "round") return t("log.round", { number: formatNumber(row.number) });
  if (row.kind === "try") return t("log.try", { number: formatNumber(row.attempt) });
  if (row.kind === "call") return t("log.call", { name: name(row) || t("executions.deleted_workflow") });
  if (row.kind === "step") return stepName(row.step);
  return name(row);
}

function Row({ entry, index, name, began, ended, stale, chosen, focusable, onChoose, onToggle, onOpen }) {
  const { row, level, open, place, of } = entry;
  const Icon = row.kind === "step" ? STEP_ICONS[row.step.kind] : ICONS[row.kind];
  const usage = usageText(row.usage);
  const bar = barOf(row, began, ended);
  const took = row.started != null ? (row.ended ?? ended) - row.started : null;
  const label = rowName(row, name);
  return (
    <div
      role="row" className={`fs-trace-row fs-trace-is-${row.status}`} data-key={row.key} aria-level={level} aria-setsize={of} aria-posinset={place} aria-expanded={open}
      aria-selected={chosen} aria-rowindex={index + 2} tabIndex={focusable ? 0 : -1} style={{ top: index * HEIGHT }}
      onClick={() => onChoose(row)} onDoubleClick={() => onOpen && row.node && onOpen(row.by ?? row.node)}
    >
      <span role="gridcell" className="fs-trace-step" style={{ "--fs-level": level - 1 }}>
        {open === undefined ? <span className="fs-trace-twisty" /> : (
          <button type="button" className={`fs-trace-twisty${open ? " is-open" : ""}`} tabIndex={-1} aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(row, !open); }}>
            <ChevronRight size={14} aria-hidden="true" />
          </button>
        )}
        {Icon && <Icon size={13} className="fs-trace-icon" aria-hidden="true" />}
        <span className="fs-trace-label">{label}</span>
        {row.kind === "node" && row.rounds > 0 && <small>{t("log.rounds", { count: formatNumber(row.rounds) })}</small>}
        {row.kind === "node" && row.tries > 1 && <small>{t("log.tries", { count: formatNumber(row.tries) })}</small>}
        {usage && <small className="fs-trace-usage" title={usage}>{usage}</small>}
        {stale && <small className="fs-trace-stale">{t("log.stale")}</small>}
        {row.printed && <Terminal size={13} className="fs-trace-icon" role="img" aria-label={t("log.printed")} />}
        {row.error && <span className="fs-trace-error" title={row.error.message}>{row.error.message}</span>}
        {onOpen && row.node && (
          <button type="button" className="fs-trace-open" tabIndex={-1} aria-label={t("log.open", { label })} title={t("log.open", { label })} onClick={(event) => { event.stopPropagation(); onOpen(row.by ?? row.node); }}>
            <ArrowUpRight size={14} aria-hidden="true" />
          </button>
        )}
      </span>
      <span role="gridcell" className={`fs-trace-status fs-text-${row.status}`}><span aria-hidden="true"><StatusMark state={{ status: row.status }} size={9} /></span> {t(`status.${row.status}`)}</span>
      <span role="gridcell" className="fs-trace-started">{row.started != null && began != null ? `+${formatDuration(Math.max(0, row.started - began))}` : ""}</span>
      <span role="gridcell" className="fs-trace-took">
        <span className="fs-trace-bar" aria-hidden="true">{bar && <i style={{ left: `${bar.left}%`, width: `${bar.width}%` }} />}</span>
        <span className="fs-trace-time">{took != null ? formatDuration(Math.max(0, took)) : ""}</span>
      </span>
      <span role="gridcell" className="fs-trace-number">{row.kind === "node" && row.received != null && row.status !== "skipped" ? formatNumber(row.received) : ""}</span>
      <span role="gridcell" className="fs-trace-number">{row.kind === "call" || row.kind === "step" || row.status === "skipped" ? "" : formatNumber(sent(row))}</span>
    </div>
  );
}

export function LogTree({ flat, name, began, ended, stale, execution, chosen, onChoose, onToggle, onOpen, empty }) {
  const box = useRef(null);
  const [sight, setSight] = useState({ top: 0, height: 400 });
  const wanted = useRef(null); // key of the row that takes the focus once it is drawn
  const at = flat.findIndex(({ row }) => row.key === chosen);
  const look = () => {
    if (!box.current) return;
    const { scrollTop: top, clientHeight: height } = box.current;
    setSight((before) => (before.top === top && before.height === height ? before : { top, height }));
  };
  const [first, end] = visible(flat.length, HEIGHT, sight.top, sight.height);

  useLayoutEffect(look, []);
  useEffect(() => {
    const watcher = new ResizeObserver(look);
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (at < 0) return;
    const { scrollTop, clientHeight } = box.current;
    if (at * HEIGHT < scrollTop) box.current.scrollTop = at * HEIGHT;
    else if ((at + 1) * HEIGHT > scrollTop + clientHeight) box.current.scrollTop = (at + 1) * HEIGHT - clientHeight;
  }, [at]);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    const row = [...box.current.querySelectorAll("[data-key]")].find((element) => element.dataset.key === wanted.current);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  const go = (index) => {
    const next = flat[Math.min(flat.length - 1, Math.max(0, index))];
    if (!next) return;
    wanted.current = next.row.key;
    onChoose(next.row);
  };
  const key = (event) => {
    const here = flat[at];
    const parent = () => flat.slice(0, at).findLastIndex(({ level }) => level < here.level);
    const act = {
      ArrowDown: () => go(at + 1), ArrowUp: () => go(Math.max(0, at - 1)), Home: () => go(0), End: () => go(flat.length - 1),
      ArrowRight: () => here && (here.open === false ? onToggle(here.row, true) : here.open && go(at + 1)),
      ArrowLeft: () => here && (here.open ? onToggle(here.row, false) : here.level > 1 && go(parent())),
      Enter: () => here?.row.node && onOpen?.(here.row.by ?? here.row.node),
    }[event.key];
    if (!act || event.target.closest("button") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  return (
    <div className="fs-trace-tree" role="treegrid" aria-label={t("log.tree")} aria-rowcount={flat.length + 1} onKeyDown={key}>
      <div role="rowgroup"><div role="row" className="fs-trace-head" aria-rowindex={1}>{COLUMNS.map((column) => <span key={column} role="columnheader" className={`fs-trace-${column}`}>{t(`log.column_${column}`)}</span>)}</div></div>
      <div className="fs-trace-scroll" ref={box} onScroll={look} role="rowgroup">
        <div role="presentation" style={{ height: flat.length * HEIGHT, position: "relative" }}>
          {flat.slice(first, end).map((entry, index) => (
            <Row
              key={entry.row.key} entry={entry} index={first + index} name={name} began={began} ended={ended} chosen={first + index === at} focusable={first + index === (at < 0 ? 0 : at)}
              stale={entry.row.kind === "node" && entry.row.execution === execution && stale.has(entry.row.node)}
              onChoose={onChoose} onToggle={onToggle} onOpen={entry.row.execution === execution ? onOpen : null}
            />
          ))}
        </div>
        {!flat.length && <p className="fs-quiet fs-log-empty">{empty}</p>}
      </div>
    </div>
  );
}
