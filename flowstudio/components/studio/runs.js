// What an execution does, live. Kept outside React: a node's card listens to its own state only.
import { useCallback, useEffect, useSyncExternalStore } from "react";
import { get, post } from "./api.js";
import { FINAL, mergeRuns, runKey } from "./runlog.js";
import { staleNodes } from "./stale.js";

export { FINAL };
const NOBODY = new Set();
const MOST = 20000; // tries of which the run log is kept
const SOON = 200; // ms after a change of the document before it is compared with what ran
const PAUSE = 1500; // ms between two looks at the log while it grows
const MANY = 100; // tries from which on what shows the run as a whole is drawn anew every so often only
const SPEECH = 100; // ms between two drawings of what a model is saying
const PACE = 150, SHARE = 5; // that is after so many ms, and after so many times what drawing took, so that most time is left for people

const path = (id) => `/executions/${encodeURIComponent(id)}`;

export class RunStore {
  constructor() {
    this.execution = null; // {id, status, error, started_at, finished_at}
    this.states = {}; // node id -> {status, items, milliseconds, error, runs, …}
    this.stale = NOBODY; // ids of nodes that changed since the shown execution
    this.watchers = new Map();
    this.general = new Set();
    this.version = 0;
    this.source = null;
    this.arrived = []; // changes that the present task brought
    this.touched = []; // sub-nodes whose state changed and nobody was told yet
    this.taking = null;
    this.announcing = null;
    this.announced = { at: -Infinity, pause: PACE };
    this._forget();
  }

  _forget() {
    this.ran = null; // the document of the shown execution, once it was needed
    this.entries = new Map();
    this.log = { runs: [], children: [], labels: {} };
    this.words = new Map(); // node and scope -> {item, text, reasoning}: what its model is saying right now
    this.parts = {}; // sub-node id -> its state, as the steps of other nodes tell it
    this.partSteps = new Map(); // sub-node id -> Map(try and number -> step)
    this.prints = new Map(); // node and scope -> what it printed while we watched
    this.nested = new Map(); // id of a called execution -> its log
    this.position = null;
    this.reading = null;
    clearTimeout(this.timer);
    clearTimeout(this.saying);
    this.timer = this.saying = null;
  }

  // ------------------------------------------------------------------ listening
  subscribeNode(id, listener) {
    if (!this.watchers.has(id)) this.watchers.set(id, new Set());
    this.watchers.get(id).add(listener);
    return () => this.watchers.get(id)?.delete(listener);
  }

  subscribe = (listener) => {
    this.general.add(listener);
    return () => this.general.delete(listener);
  };

  _tell(ids) {
    this.version++;
    ids = [...ids, ...this.touched.splice(0)];
    for (const id of ids) (this.watchers.get(id) ?? NOBODY).forEach((listener) => listener());
    const left = this.active && this.entries.size >= MANY ? this.announced.at + this.announced.pause - performance.now() : 0;
    if (left <= 0) this._announce();
    else this.announcing ??= setTimeout(() => this._announce(), left);
  }

  /** Tell those who look at the run as a whole. What they draw is drawn when their microtasks are over. */
  _announce() {
    clearTimeout(this.announcing);
    this.announcing = null;
    const begin = performance.now();
    this.announced = { at: begin, pause: PACE };
    this.general.forEach((listener) => listener());
    queueMicrotask(() => {
      const at = performance.now();
      this.announced = { at, pause: Math.max(PACE, SHARE * (at - begin)) };
    });
  }

  get active() {
    return Boolean(this.execution) && !FINAL.has(this.execution.status);
  }

  // ------------------------------------------------------------------ following
  /** Show an execution that is over (or stands still) as the API gave it. */
  show(execution) {
    this.close();
    const before = [...Object.keys(this.states), ...Object.keys(this.parts), ...this.stale];
    const { node_states: states = {}, document, data: __, ...rest } = execution;
    if (this.execution?.id !== execution.id) this._forget();
    this.execution = rest;
    this.states = states;
    this.stale = NOBODY;
    this.ran = document ?? this.ran;
    this._tell(new Set([...before, ...Object.keys(states)]));
    this.readLog();
  }

  /** Follow an execution until it has a final status. */
  follow(execution) {
    this.show({ ...execution, node_states: execution.node_states ?? {} });
    if (FINAL.has(execution.status)) return;
    const source = new EventSource(`/api${path(execution.id)}/events`);
    this.source = source;
    const on = (name, handle) => source.addEventListener(name, (event) => {
      if (this.source !== source) return;
      if (name !== "node") this._takeArrived();
      handle(JSON.parse(event.data));
    });
    on("snapshot", (data) => this._replace(data));
    on("node", (data) => this._arrive(data));
    on("log", (data) => this._print(data));
    on("step", (data) => this._step(data));
    on("text", (data) => this._say(data));
    on("execution", (data) => this._finish(data));
    source.onerror = () => {
      if (this.source === source && source.readyState === EventSource.CLOSED) this.refresh();
    };
  }

  _replace({ node_states: states = {}, ...rest }) {
    const changed = new Set([...Object.keys(this.states), ...Object.keys(states)]);
    this.states = states;
    this._finish(rest, changed);
    this.readLog();
  }

  /** A browser that was busy hands over many messages in one task: they are taken together, and drawn once. */
  _arrive(data) {
    this.arrived.push(data);
    this.taking ??= setTimeout(() => this._takeArrived());
  }

  _takeArrived() {
    clearTimeout(this.taking);
    this.taking = null;
    const arrived = this.arrived.splice(0);
    if (!arrived.length) return;
    const nodes = {};
    for (const data of arrived) for (const [id, state] of Object.entries(data.nodes)) nodes[id] = { ...nodes[id], ...state };
    this._patch(nodes, arrived.flatMap((data) => data.runs ?? []));
  }

  _patch(nodes, runs = []) {
    const next = { ...this.states };
    for (const [id, state] of Object.entries(nodes)) next[id] = { ...next[id], ...state };
    this.states = next;
    this._take(runs);
    this.timer ??= setTimeout(() => { this.timer = null; this.readLog(); }, PAUSE);
    this._tell(Object.keys(nodes));
  }

  _print({ node, scope, text }) {
    const key = JSON.stringify([node, scope]);
    this.prints.set(key, (this.prints.get(key) ?? "") + text);
    const runs = [...this.entries.values()].filter((run) => run.node === node && JSON.stringify([run.node, run.scope]) === key);
    this._take(runs.slice(-1).map((run) => ({ ...run, printed: true })));
    this._tell([]);
  }

  /** A step within a try began or ended: a turn of a model, a call of a tool. */
  _step({ node, scope, attempt, step }) {
    const known = this.entries.get(runKey({ node, scope, attempt }));
    const run = known ?? { node, scope, attempt, status: "started", items: {}, started_at: step.started_at };
    const steps = (run.steps ?? []).filter(({ number }) => number !== step.number);
    if (step.kind === "model" && step.milliseconds === null) this.words.delete(JSON.stringify([node, scope]));
    this._take([{ ...run, steps: [...steps, step].sort((one, other) => one.number - other.number) }]);
    this._tell([]);
  }

  /** More words of an answer that a node is giving. */
  _say({ node, scope, item, kind, text }) {
    const key = JSON.stringify([node, scope]);
    const before = this.words.get(key);
    const said = before?.item === item ? before : { item, text: "", reasoning: "" };
    this.words.set(key, kind === "discard" ? { item, text: "", reasoning: "" }
      : kind === "reasoning" ? { ...said, reasoning: said.reasoning + text } : { ...said, text: said.text + text });
    this.saying ??= setTimeout(() => { this.saying = null; this._announce(); }, SPEECH);
  }

  _finish({ status, error, started_at: startedAt, finished_at: finishedAt, wake_at: wakeAt }, changed = []) {
    if (status) {
      const over = FINAL.has(status);
      this.execution = {
        ...this.execution, status, error: error ?? this.execution.error, wake_at: wakeAt ?? null,
        started_at: startedAt ?? this.execution.started_at,
        finished_at: finishedAt ?? (over ? this.execution.finished_at ?? new Date().toISOString() : null),
      };
      if (over) this.close();
    }
    this._tell(changed);
  }

  // ------------------------------------------------------------------ the log
  _take(runs) {
    if (!runs.length) return;
    mergeRuns(this.entries, runs);
    for (const run of runs) for (const step of run.steps ?? []) if (step.node !== run.node) this._notePart(run, step);
    this.log = { ...this.log, runs: [...this.entries.values()] };
  }

  /** Steps say what the sub-nodes did that they belong to. */
  _notePart(run, step) {
    const { node: id } = step;
    if (!this.partSteps.has(id)) this.partSteps.set(id, new Map());
    const steps = this.partSteps.get(id).set(`${runKey(run)} ${step.number}`, step);
    const all = [...steps.values()];
    this.parts[id] = {
      status: all.some(({ milliseconds, error }) => milliseconds === null && !error) ? "running" : all.at(-1).error ? "error" : "success",
      milliseconds: all.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0),
    };
    this.touched.push(id);
  }

  /** Read what the log holds beyond what we have: tries with their numbers, and the executions that were called. */
  async readLog() {
    const id = this.execution?.id;
    if (!id) return;
    if (this.reading) {
      this.reading.again = true;
      return;
    }
    const reading = { again: true };
    this.reading = reading;
    try {
      while (reading.again && this.entries.size < MOST) {
        reading.again = false;
        const answer = await get(`${path(id)}/runs/${this.position ? `?after=${this.position}` : ""}`);
        if (this.reading !== reading) return;
        this.position = answer.position;
        this._take(answer.runs);
        this.log = { ...this.log, children: answer.children, labels: answer.labels ?? this.log.labels };
        await this._readNested(answer.children);
        reading.again ||= answer.more;
        this._tell([]);
      }
    } catch {
      // The next event or the next execution reads it again.
    } finally {
      if (this.reading === reading) this.reading = null;
    }
  }

  /** Read the logs of called executions again that were opened while they ran. */
  async _readNested(children) {
    for (const child of children) if (this.nested.get(child.id)?.open) await this.openCall(child);
  }

  /** Read the log of a called execution, so that its row can show it. */
  async openCall({ id, status }) {
    let log = { runs: [], children: [], labels: {} }, after = null;
    const entries = new Map();
    do {
      const answer = await get(`${path(id)}/runs/${after ? `?after=${after}` : ""}`);
      mergeRuns(entries, answer.runs);
      log = { runs: [...entries.values()], children: answer.children, labels: answer.labels ?? log.labels };
      after = answer.more ? answer.position : null;
    } while (after && entries.size < MOST);
    this.nested.set(id, { ...log, open: !FINAL.has(status) });
    this._tell([]);
  }

  // ------------------------------------------------------------------ what changed since
  /** Mark what differs in `document` from what ran, and everything behind it. */
  async compare(document) {
    const id = this.execution?.id;
    if (!id) return;
    try {
      this.ran ??= (await get(`${path(id)}/`)).execution.document;
    } catch {
      return; // a deleted execution cannot be compared with
    }
    if (this.execution?.id !== id) return;
    const stale = new Set([...staleNodes(this.ran, document)].filter((node) => this.states[node]));
    const changed = [...new Set([...stale, ...this.stale])].filter((node) => stale.has(node) !== this.stale.has(node));
    if (!changed.length) return;
    this.stale = stale;
    this._tell(changed);
  }

  /** Ask for the whole state, where the stream broke off; again and again while the server is away. */
  async refresh() {
    const id = this.execution?.id;
    if (!id) return;
    try {
      const { execution } = await get(`${path(id)}/`);
      if (this.execution?.id === id) this.follow(execution);
    } catch (error) {
      if ([401, 403, 404].includes(error.status)) return; // signed out, not ours any more, deleted
      setTimeout(() => this.execution?.id === id && this.active && this.refresh(), PAUSE);
    }
  }

  async cancel() {
    if (this.active) await post(`${path(this.execution.id)}/cancel/`);
  }

  clear() {
    this.close();
    const before = [...Object.keys(this.states), ...Object.keys(this.parts), ...this.stale];
    this.execution = null;
    this.states = {};
    this.stale = NOBODY;
    this._forget();
    this._tell(before);
  }

  close() {
    this.source?.close();
    this.source = null;
    this.arrived = [];
  }
}

/** The state of one node, or of a sub-node that others used; the component renders again only when it changes. */
export function useNodeState(runs, id) {
  return useSyncExternalStore(
    useCallback((listener) => runs.subscribeNode(id, listener), [runs, id]),
    () => runs.states[id] ?? runs.parts?.[id],
    () => undefined,
  );
}

/** Whether a node, or one before it, changed since the shown execution. */
export function useStale(runs, id) {
  return useSyncExternalStore(
    useCallback((listener) => runs.subscribeNode(id, listener), [runs, id]),
    () => runs.stale.has(id),
    () => false,
  );
}

/** Keep `runs.stale` true while the document changes. */
export function useStaleMarks(store, runs) {
  useEffect(() => {
    let timer = null, compared = null;
    const look = () => {
      const now = [store.document(), runs.execution?.id]; // dragging and selecting change no document
      if (!runs.execution || (compared && now.every((part, index) => part === compared[index]))) return;
      compared = now;
      runs.compare(now[0]);
    };
    const later = () => { timer ??= setTimeout(() => { timer = null; look(); }, SOON); };
    const stop = store.subscribe(later);
    return () => { stop(); clearTimeout(timer); };
  }, [store, runs]);
}

/** Anything about the run; renders again with every batch of events. */
export function useRun(runs, select) {
  return useSyncExternalStore(runs.subscribe, () => select(runs), () => select(runs));
}

/** A state's items over all ports. */
export const totalItems = (state) => Object.values(state?.items ?? {}).reduce((sum, number) => sum + number, 0);
