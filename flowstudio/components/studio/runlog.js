// The log of an execution as a tree: steps, rounds of loops, tries, executions that were called. No React, no texts.

export const FINAL = new Set(["success", "error", "cancelled"]);

export const runKey = ({ node, scope, attempt }) => JSON.stringify([node, scope, attempt]);
const scopeKey = (scope) => JSON.stringify(scope);
const time = (iso) => (iso ? Date.parse(iso) : null);

/** Take tries into `entries` (Map by `runKey`): later ones win, but a start never hides how it ended. */
export function mergeRuns(entries, runs) {
  for (const run of runs) {
    const key = runKey(run);
    const before = entries.get(key);
    if (before && run.status === "started" && before.status !== "started") continue;
    entries.set(key, { ...before, ...run });
  }
  return entries;
}

/** The loop and the number of a round, from its name `loop:number`. */
export function roundOf(name) {
  const at = name.lastIndexOf(":");
  return { loop: name.slice(0, at), number: Number(name.slice(at + 1)) };
}

/**
 * The rows of one execution. `log` is {runs, children, labels}, `states` the states of its nodes,
 * `nested(id)` the log of a called execution where it is known.
 */
export function buildTree({ execution, log, states = {}, nested = () => null, prefix = "" }) {
  const over = FINAL.has(execution.status);
  const levels = new Map(); // scope -> {nodes: Map(node -> tries), loops: Map(node -> Map(number -> entry))}
  const level = (scope) => {
    const key = scopeKey(scope);
    if (!levels.has(key)) levels.set(key, { nodes: new Map(), loops: new Map() });
    return levels.get(key);
  };
  const label = (node) => states[node]?.label ?? log.labels?.[node] ?? node;
  const seen = new Set();

  for (const run of log.runs) {
    seen.add(run.node);
    run.scope.forEach((name, depth) => {
      const { loop, number } = roundOf(name);
      const { loops } = level(run.scope.slice(0, depth));
      if (!loops.has(loop)) loops.set(loop, new Map());
      const rounds = loops.get(loop);
      if (!rounds.has(number)) rounds.set(number, null);
      if (depth === run.scope.length - 1 && loop === run.node) rounds.set(number, run);
    });
    if (run.scope.length && roundOf(run.scope.at(-1)).loop === run.node) continue;
    const { nodes } = level(run.scope);
    nodes.set(run.node, [...(nodes.get(run.node) ?? []), run]);
  }
  const calls = new Map();
  for (const child of log.children ?? []) {
    const key = JSON.stringify([child.node, child.scope]);
    calls.set(key, [...(calls.get(key) ?? []), child]);
  }
  for (const [node, state] of Object.entries(states)) {
    if (seen.has(node) || (state.status !== "running" && state.status !== "waiting")) continue;
    level([]).nodes.set(node, [{ node, scope: [], attempt: 1, ...state, status: state.status === "running" ? "started" : "waiting", items: state.items ?? {} }]);
  }

  const outcome = (status) => ({ started: over ? "cancelled" : "running", retrying: over ? "cancelled" : "running", waiting: over ? "cancelled" : "waiting" })[status] ?? status;
  const tryRow = (run, last) => ({
    key: `${prefix}try ${runKey(run)}`, kind: "try", execution: execution.id, node: run.node, scope: run.scope, attempt: run.attempt,
    label: label(run.node), status: last ? outcome(run.status) : run.status === "retrying" ? "error" : run.status,
    started: time(run.started_at), ended: run.status === "started" || (last && !over && run.status === "waiting") ? null : time(run.finished_at),
    received: run.received, items: run.items ?? {}, error: run.error, printed: Boolean(run.printed), wakeAt: run.wake_at, usage: usageOf([run]), children: stepRows(run),
  });

  /** What happened within a try, below the step that it was part of. */
  function stepRows(run) {
    const rows = new Map(), roots = [];
    const broken = over || run.status !== "started";
    for (const step of run.steps ?? []) {
      const began = time(step.started_at);
      const row = {
        key: `${prefix}step ${runKey(run)} ${step.number}`, kind: "step", execution: execution.id, node: run.node, scope: run.scope, attempt: run.attempt, step, by: step.node,
        label: step.name, status: step.error ? "error" : step.milliseconds !== null ? "success" : broken ? "cancelled" : "running",
        started: began, ended: step.milliseconds === null ? null : began + step.milliseconds, items: {}, error: step.error ? { message: step.error } : null,
        printed: false, usage: step.usage, children: [],
      };
      (rows.get(step.parent)?.children ?? roots).push(row);
      rows.set(step.number, row);
    }
    return roots;
  }

  function nodeRow(scope, node, tries, rounds) {
    const ordered = [...tries].sort((a, b) => a.attempt - b.attempt);
    const shown = ordered.filter((run, index) => run.status !== "waiting" || index === ordered.length - 1);
    const last = ordered.at(-1);
    const children = [...roundRows(scope, node, rounds), ...(calls.get(JSON.stringify([node, scope])) ?? []).map(callRow)];
    if (shown.length === 1) children.unshift(...stepRows(last));
    else if (shown.length > 1) children.unshift(...shown.map((run, index) => tryRow(run, index === shown.length - 1)));
    const base = last ? tryRow(last, true) : {
      execution: execution.id, node, scope, label: label(node), items: {}, error: null, printed: false, ...spread(children, over),
    };
    return {
      ...base, key: `${prefix}node ${JSON.stringify([node, scope])}`, kind: "node", attempt: last?.attempt ?? null,
      started: ordered.length ? Math.min(...ordered.map((run) => time(run.started_at) ?? Infinity)) : base.started,
      printed: ordered.some((run) => run.printed), usage: usageOf(ordered), tries: shown.length, rounds: rounds?.size ?? 0, children,
    };
  }

  function roundRows(scope, node, rounds) {
    if (!rounds) return [];
    return [...rounds].sort(([a], [b]) => a - b).map(([number, entry]) => {
      const inner = [...scope, `${node}:${number}`];
      const children = rowsOf(inner);
      return {
        key: `${prefix}round ${scopeKey(inner)}`, kind: "round", execution: execution.id, node, scope: inner, attempt: entry?.attempt ?? null, number: number + 1,
        label: label(node), items: entry?.items ?? {}, error: null, printed: false, ...spread(children, over, time(entry?.started_at)), children,
      };
    });
  }

  function rowsOf(scope) {
    const found = levels.get(scopeKey(scope));
    if (!found) return [];
    const names = new Set([...found.nodes.keys(), ...found.loops.keys()]);
    return [...names].map((node) => nodeRow(scope, node, found.nodes.get(node) ?? [], found.loops.get(node)))
      .sort((a, b) => (a.started ?? Infinity) - (b.started ?? Infinity));
  }

  function callRow(child) {
    const known = nested(child.id);
    return {
      key: `${prefix}call ${child.id}`, kind: "call", execution: child.id, node: null, scope: [], label: child.workflow_name, status: child.status,
      started: time(child.started_at ?? child.created_at), ended: time(child.finished_at), items: {}, error: child.error, printed: false, lazy: !known,
      children: known ? buildTree({ execution: child, log: known, nested, prefix: `${prefix}${child.id}/` }) : [],
    };
  }

  const skipped = Object.entries(states).filter(([node, state]) => state.status === "skipped" && !seen.has(node)).map(([node]) => ({
    key: `${prefix}node ${JSON.stringify([node, []])}`, kind: "node", execution: execution.id, node, scope: [], attempt: null, label: label(node),
    status: "skipped", started: null, ended: null, items: {}, error: null, printed: false, tries: 0, rounds: 0, children: [],
  }));
  const own = calls.get(JSON.stringify([null, []])) ?? [];
  return [...rowsOf([]), ...own.map(callRow), ...skipped];
}

/** What tries consumed together: their own numbers, or those of their steps while they go on. Empty when they asked no model. */
export function usageOf(runs) {
  const sum = {};
  for (const run of runs) {
    const told = Object.keys(run.usage ?? {}).length ? [run.usage] : (run.steps ?? []).map((step) => step.usage ?? {});
    for (const usage of told) for (const [name, amount] of Object.entries(usage)) sum[name] = (sum[name] ?? 0) + amount;
  }
  return sum;
}

/** Status and times of a row that sums up others. */
function spread(rows, over, began = null) {
  const has = (status) => rows.some((row) => row.status === status);
  const status = ["running", "error", "waiting", "cancelled"].find(has) ?? (rows.length || over ? "success" : "running");
  const starts = [began, ...rows.map((row) => row.started)].filter((at) => at != null);
  const ends = rows.map((row) => row.ended).filter((at) => at != null);
  return {
    status, started: starts.length ? Math.min(...starts) : null,
    ended: status === "running" || status === "waiting" ? null : ends.length ? Math.max(...ends) : began,
  };
}

export const sent = (row) => Object.values(row.items ?? {}).reduce((sum, number) => sum + number, 0);

/** The port and the place in it of one of all the items of a row. */
export function placeOf(items, index) {
  let left = index;
  for (const [port, number] of Object.entries(items)) {
    if (left < number) return { port, offset: left };
    left -= number;
  }
  return null;
}

/** Whether a row, or anything in it, failed or still runs: such rows open by themselves. */
export const telling = (row) => row.status === "error" || row.status === "running" || row.children.some(telling);

export const size = (rows) => rows.reduce((sum, row) => sum + 1 + size(row.children), 0);

/** The rows that match (and those around them); null for a row in which nothing does. */
export function filterTree(rows, { text = "", status = "" }) {
  const wanted = text.trim().toLowerCase();
  const fits = (row) => (!status || row.status === status) && (!wanted || `${row.label} ${row.error?.message ?? ""}`.toLowerCase().includes(wanted));
  const narrow = (row) => {
    const children = row.children.map(narrow).filter(Boolean);
    return fits(row) || children.length ? { ...row, children } : null;
  };
  return wanted || status ? rows.map(narrow).filter(Boolean) : rows;
}

/** The rows that are to be seen, top to bottom, with their level and place: what a treegrid shows. */
export function flatten(rows, isOpen, level = 1, into = []) {
  rows.forEach((row, index) => {
    const branches = row.children.length > 0 || Boolean(row.lazy);
    const open = branches && isOpen(row);
    into.push({ row, level, open: branches ? open : undefined, place: index + 1, of: rows.length });
    if (open) flatten(row.children, isOpen, level + 1, into);
  });
  return into;
}

/** Which rows of a list are in sight, with a few more on either side: [first, end). */
export function visible(total, rowHeight, top, height, margin = 8) {
  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  return [first, Math.min(total, Math.ceil((top + height) / rowHeight) + margin)];
}

/** Where a row's bar starts and how long it is, in percent of the execution. */
export function barOf(row, began, ended) {
  if (row.started == null || began == null) return null;
  const whole = Math.max(1, ended - began);
  const left = Math.min(100, Math.max(0, ((row.started - began) / whole) * 100));
  const width = (((row.ended ?? ended) - row.started) / whole) * 100;
  return { left, width: Math.max(0, Math.min(100 - left, width)) };
}
