// What an execution does, live. Kept outside React: a node's card listens to its own state only.
import { useCallback, useSyncExternalStore } from "react";
import { get, post } from "./api.js";

export const FINAL = new Set(["success", "error", "cancelled"]);
const NOBODY = new Set();

export class RunStore {
  constructor() {
    this.execution = null; // {id, status, error, started_at, finished_at}
    this.states = {}; // node id -> {status, items, milliseconds, error, runs, …}
    this.watchers = new Map();
    this.general = new Set();
    this.version = 0;
    this.source = null;
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
    for (const id of ids) (this.watchers.get(id) ?? NOBODY).forEach((listener) => listener());
    this.general.forEach((listener) => listener());
  }

  get active() {
    return Boolean(this.execution) && !FINAL.has(this.execution.status);
  }

  // ------------------------------------------------------------------ following
  /** Show an execution that is over (or stands still) as the API gave it. */
  show(execution) {
    this.close();
    const before = Object.keys(this.states);
    const { node_states: states = {}, document: _, data: __, ...rest } = execution;
    this.execution = rest;
    this.states = states;
    this._tell(new Set([...before, ...Object.keys(states)]));
  }

  /** Follow an execution until it has a final status. */
  follow(execution) {
    this.show({ ...execution, node_states: execution.node_states ?? {} });
    if (FINAL.has(execution.status)) return;
    const source = new EventSource(`/api/executions/${encodeURIComponent(execution.id)}/events`);
    this.source = source;
    const on = (name, handle) => source.addEventListener(name, (event) => this.source === source && handle(JSON.parse(event.data)));
    on("snapshot", (data) => this._replace(data));
    on("node", (data) => this._patch(data.nodes ?? { [data.id]: data }, data.nodes ? data : {}));
    on("execution", (data) => this._finish(data));
    source.onerror = () => {
      if (this.source === source && source.readyState === EventSource.CLOSED) this.refresh();
    };
  }

  _replace({ node_states: states = {}, ...rest }) {
    const changed = new Set([...Object.keys(this.states), ...Object.keys(states)]);
    this.states = states;
    this._finish(rest, changed);
  }

  _patch(nodes, rest) {
    const next = { ...this.states };
    for (const [id, state] of Object.entries(nodes)) next[id] = { ...next[id], ...state };
    this.states = next;
    this._finish(rest, Object.keys(nodes));
  }

  _finish({ status, error, finished_at: finishedAt }, changed = []) {
    if (status) {
      const over = FINAL.has(status);
      this.execution = {
        ...this.execution, status, error: error ?? this.execution.error,
        finished_at: finishedAt ?? (over ? this.execution.finished_at ?? new Date().toISOString() : null),
      };
      if (over) this.close();
    }
    this._tell(changed);
  }

  /** Ask once for the whole state, where the stream broke off. */
  async refresh() {
    const id = this.execution?.id;
    if (!id) return;
    try {
      const { execution } = await get(`/executions/${encodeURIComponent(id)}/`);
      if (this.execution?.id === id) this.follow(execution);
    } catch {
      // The next execution or a reload of the page starts afresh.
    }
  }

  async cancel() {
    if (this.active) await post(`/executions/${encodeURIComponent(this.execution.id)}/cancel/`);
  }

  clear() {
    this.close();
    const before = Object.keys(this.states);
    this.execution = null;
    this.states = {};
    this._tell(before);
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}

/** The state of one node; the component renders again only when that node's state changes. */
export function useNodeState(runs, id) {
  return useSyncExternalStore(
    useCallback((listener) => runs.subscribeNode(id, listener), [runs, id]),
    () => runs.states[id],
    () => undefined,
  );
}

/** Anything about the run; renders again with every batch of events. */
export function useRun(runs, select) {
  return useSyncExternalStore(runs.subscribe, () => select(runs), () => select(runs));
}

/** A state's items over all ports. */
export const totalItems = (state) => Object.values(state?.items ?? {}).reduce((sum, number) => sum + number, 0);
