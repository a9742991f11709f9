// The workflow on the canvas: what the server confirmed, the own edits on top of it, and both as React Flow draws them.
import { shapeOf } from "./geometry.js";
import { COALESCE, History } from "./history.js";
import { apply, difference, merged, same, sameConnection, settingChanges } from "./operations.js";

export const uid = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(36).padStart(2, "0")).join("").slice(0, 10);

const DEFAULTS = { disabled: false, notes: "", settings: {}, credentials: {}, pinned: null };
const isDefault = (key, value) => value === undefined || same(DEFAULTS[key], value);
const whole = ({ x, y }) => ({ x: Math.round(x), y: Math.round(y) });

/** A React Flow node as the document stores it. */
export function packNode({ id, position, data: { type, ...data } }) {
  const kept = Object.fromEntries(Object.entries(data).filter(([key, value]) => !isDefault(key, value)));
  return { id, type, position: whole(position), data: kept };
}

export const packEdge = ({ id, source, target, sourceHandle, targetHandle }) => ({
  id, source, target, sourceHandle: sourceHandle ?? null, targetHandle: targetHandle ?? null,
});

const EMPTY = { nodes: [], edges: [] };
const NO_HANDLES = { key: "", inputs: [], outputs: [] };

/** A document whose edges all have ids, as the server gives them: e1, e2, … for those without. */
function identified(document) {
  const { nodes = [], edges = [], ...rest } = document;
  const taken = new Set(edges.map((edge) => edge.id).filter(Boolean));
  let number = 0;
  const free = () => {
    do number++; while (taken.has(`e${number}`));
    return `e${number}`;
  };
  return { ...rest, nodes, edges: edges.map((edge) => (edge.id ? edge : { ...edge, id: free() })) };
}

/**
 * Invariants: `view` is `confirmed` with the operations of all `pending` batches applied; `nodes` and `edges` draw `view`,
 * and an entry that looks the same stays the same object. Only the server's order moves `confirmed` and `version` on.
 */
export class WorkflowStore {
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.listeners = new Set();
    this.onPending = null; // called when an own edit was added to `pending`
    this.confirmed = this.view = EMPTY;
    this.version = 0;
    this.pending = []; // {id, operations, merge, at, sent}
    this.history = new History();
    this.ports = {};
    this.laid = null; // places of nodes that are laid out for the eye only, until the first edit
    this.nodes = [];
    this.edges = [];
    this.meta = {};
    this.sources = new Map(); // node id -> what its drawing was made of
    this.revision = 0; // grows with every change of the document
    this.snapshot = this._snapshot();
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  _snapshot() {
    return {
      nodes: this.nodes, edges: this.edges, meta: this.meta, revision: this.revision,
      canUndo: this.history.undo.length > 0, canRedo: this.history.redo.length > 0,
    };
  }

  _changed() {
    this.snapshot = this._snapshot();
    this.listeners.forEach((listener) => listener());
  }

  // ------------------------------------------------------------------ what the server says
  /** Replace everything, forgetting the history and what is not sent yet. */
  load(document, ports = {}, version = 0) {
    this.pending = [];
    this.history = new History();
    this.laid = null;
    this.ports = ports;
    this.rebase(document, version);
  }

  /** Take the server's document anew; own edits that it does not know yet stay on top. */
  rebase(document, version) {
    this.confirmed = identified(document);
    this.version = version;
    this._replay();
  }

  /** Put a batch that the server numbered under the pending ones. One of the own is pending no longer. */
  receive({ id, version, operations }) {
    this.confirmed = apply(this.confirmed, operations);
    this.version = version;
    this.pending = this.pending.filter((batch) => batch.id !== id);
    this._placed(operations);
    this._replay();
  }

  /** These batches are in the confirmed document. */
  settle(ids) {
    this.pending = this.pending.filter((batch) => !ids.includes(batch.id));
    this._replay();
  }

  /** Take out a batch that the server refused; it cannot be done again. */
  drop(id) {
    this.history.forget(id);
    this.settle([id]);
  }

  /** Take over batches that an earlier page could not send any more. */
  adopt(batches) {
    const known = new Set(this.pending.map((batch) => batch.id));
    this.pending = [...batches.filter((batch) => !known.has(batch.id)), ...this.pending];
    this._replay();
  }

  _replay() {
    this._show(this.pending.reduce((document, batch) => apply(document, batch.operations), this.confirmed));
  }

  _show(document) {
    const { nodes, edges, meta } = this;
    this.view = document;
    this._draw();
    if (nodes !== this.nodes || edges !== this.edges || meta !== this.meta) this.revision++;
    this._changed();
  }

  /** Ports that the server worked out from the parameters. */
  setPorts(ports) {
    if (!ports || same(ports, this.ports)) return;
    this.ports = Object.fromEntries(Object.entries(ports).map(([id, own]) => [id, same(own, this.ports[id]) ? this.ports[id] : own]));
    this._draw();
    this._changed();
  }

  _portsOf(id) {
    return Object.hasOwn(this.ports, id) ? this.ports[id] : undefined;
  }

  // ------------------------------------------------------------------ drawing
  /** Bring `nodes`, `edges` and `meta` in line with the document; what looks the same stays the same object. */
  _draw() {
    const { nodes, edges, ...meta } = this.view;
    const drawnEdges = new Map(this.edges.map((edge) => [edge.id, edge]));
    this.edges = kept(this.edges, edges.map((edge) => {
      const before = drawnEdges.get(edge.id);
      return before && sameConnection(before, edge) ? before : this._flowEdge(edge);
    }));
    const used = this._usedHandles();
    const drawnNodes = new Map(this.nodes.map((node) => [node.id, node]));
    const sources = new Map();
    this.nodes = kept(this.nodes, nodes.map((node) => {
      const source = { type: node.type, data: node.data, ports: this._portsOf(node.id), used: (used.get(node.id) ?? NO_HANDLES).key };
      sources.set(node.id, source);
      return this._redrawn(node, drawnNodes.get(node.id), this.sources.get(node.id), source, used.get(node.id));
    }));
    this.sources = sources;
    if (!same(meta, this.meta)) this.meta = meta;
  }

  _redrawn(node, before, old, source, used = NO_HANDLES) {
    const looksSame = before && old && old.type === source.type && old.ports === source.ports && old.used === source.used
      && same(old.data, source.data);
    if (!looksSame) return this._flowNode(node, before, used);
    const position = this._placeOf(node, before);
    return same(position, before.position) ? before : { ...before, position };
  }

  _placeOf(node, before) {
    if (before?.dragging) return before.position;
    return (this.laid && Object.hasOwn(this.laid, node.id) && this.laid[node.id]) || { x: 0, y: 0, ...node.position };
  }

  _flowNode(node, before, used = NO_HANDLES) {
    const data = { properties: {}, ...node.data, type: node.type };
    const ports = this.catalogue.ports(node.type, data, this._portsOf(node.id), used);
    return {
      id: node.id, ...shapeOf(ports), position: this._placeOf(node, before), data, selected: before?.selected ?? false,
      dragging: before?.dragging ?? false, ariaLabel: data.label || this.catalogue.type(node.type).label,
    };
  }

  _flowEdge(edge) {
    return { ...packEdge(edge), type: "flow", ariaRole: "presentation", ariaLabel: null };
  }

  /** By node id, the ports that edges use: they are drawn even where the type does not have them. `called`: it only fills slots. */
  _usedHandles() {
    if (this.handled === this.edges) return this.handles;
    const found = new Map();
    const of = (id) => found.get(id) ?? found.set(id, { inputs: [], outputs: [] }).get(id);
    const types = new Map(this.view.nodes.map((node) => [node.id, node.type]));
    const flows = new Set();
    for (const { source, target, sourceHandle, targetHandle } of this.edges) {
      if (targetHandle && this.catalogue.type(types.get(target)).slots?.some((slot) => slot.name === targetHandle)) of(source).called = true;
      else flows.add(source).add(target);
      if (sourceHandle) of(source).outputs.push(sourceHandle);
      if (targetHandle) of(target).inputs.push(targetHandle);
    }
    for (const [id, used] of found) {
      used.called &&= !flows.has(id);
      used.key = JSON.stringify([used.inputs, used.outputs, used.called]);
    }
    this.handled = this.edges;
    this.handles = found;
    return found;
  }

  /** Show nodes at other places than the document says; the places are stored with the first edit. */
  place(to) {
    this.laid = { ...this.laid, ...to };
    this._draw();
    this._changed();
  }

  /** Places that an operation gave need no other any more. */
  _placed(operations) {
    if (!this.laid) return;
    const placed = new Set(operations.flatMap((operation) => (operation.kind === "move" ? Object.keys(operation.to) : [])));
    this.laid = Object.fromEntries(Object.entries(this.laid).filter(([id]) => !placed.has(id)));
  }

  // ------------------------------------------------------------------ reading
  document() {
    return this.view;
  }

  node(id) {
    if (this.indexed !== this.nodes) {
      this.indexed = this.nodes;
      this.byId = new Map(this.nodes.map((node) => [node.id, node]));
    }
    return this.byId.get(id);
  }

  label(node) {
    return node.data.label || this.catalogue.type(node.data.type).label;
  }

  /** A name that no other node has. */
  freeLabel(wanted, others = []) {
    const taken = new Set([...others, ...this.nodes.map((node) => this.label(node))]);
    const base = wanted.replace(/ \d+$/, "");
    for (let number = 1; ; number++) {
      const label = number === 1 ? base : `${base} ${number}`;
      if (!taken.has(label)) return label;
    }
  }

  selection() {
    const nodes = this.nodes.filter((node) => node.selected);
    const ids = new Set(nodes.map((node) => node.id));
    const edges = this.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
    return { nodes: nodes.map(packNode), edges: edges.map(packEdge) };
  }

  // ------------------------------------------------------------------ what React Flow reports
  /** Selecting and dragging are the window's own; a place becomes an edit when the node is let go. */
  nodesChanged = (changes) => {
    const own = new Map();
    for (const change of changes) {
      if (change.type !== "select" && change.type !== "position") continue;
      const { selected, position, dragging } = change;
      const update = Object.fromEntries(Object.entries({ selected, position, dragging }).filter(([, value]) => value !== undefined));
      own.set(change.id, { ...own.get(change.id), ...update });
    }
    if (!own.size) return;
    const dropped = {};
    let dragged = false;
    this.nodes = this.nodes.map((node) => {
      const update = own.get(node.id);
      if (!update) return node;
      if (update.position && update.dragging === false) {
        dropped[node.id] = whole(update.position);
        dragged ||= Boolean(node.dragging);
      }
      return { ...node, ...update };
    });
    this._changed();
    this._moved(dropped, dragged ? undefined : "arrows");
  };

  edgesChanged = (changes) => {
    const selected = new Map(changes.filter((change) => change.type === "select").map((change) => [change.id, change.selected]));
    if (!selected.size) return;
    this.edges = this.edges.map((edge) => (selected.has(edge.id) ? { ...edge, selected: selected.get(edge.id) } : edge));
    this._changed();
  };

  _moved(to, merge) {
    const places = new Map(this.view.nodes.map((node) => [node.id, this._placeOf(node)]));
    const moved = Object.entries(to).filter(([id, place]) => places.has(id) && !same(place, places.get(id)));
    if (moved.length) this.apply([{ kind: "move", to: Object.fromEntries(moved) }], { merge });
  }

  selectAll() {
    this.select(this.nodes.map((node) => node.id));
  }

  /** Select these nodes and nothing else. */
  select(ids) {
    const wanted = new Set(ids);
    this.nodes = this.nodes.map((node) => (Boolean(node.selected) === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) }));
    this.edges = this.edges.some((edge) => edge.selected) ? this.edges.map((edge) => (edge.selected ? { ...edge, selected: false } : edge)) : this.edges;
    this._changed();
  }

  // ------------------------------------------------------------------ editing
  /**
   * Apply operations as one batch that can be undone at once. `merge` names edits that follow each other quickly, such as
   * typing in one field: they are one step and one batch.
   */
  apply(operations, { merge } = {}) {
    if (!operations.length) return;
    this._keepLayout();
    const before = this.view;
    const after = apply(before, operations);
    if (after === before) return;
    this.history.record(before, after, operations, { merge, batch: this._queue(operations, merge) });
    this._show(after);
    this.onPending?.(merge !== undefined);
  }

  undo = () => this._travel("undo");
  redo = () => this._travel("redo");

  _travel(direction) {
    const id = uid();
    const found = this.history.travel(direction, this.view, id);
    if (!found) return void this._changed();
    const [operations, record] = found;
    this.pending = [...this.pending, { id, operations }];
    const after = apply(this.view, operations);
    record(after);
    this._show(after);
    this.onPending?.(false);
  }

  /** Add a batch to the pending ones, or make one of it and the last: under a new id, as it says something else now. */
  _queue(operations, merge) {
    const id = uid();
    const last = this.pending.at(-1);
    const both = merge && last?.merge === merge && !last.sent && Date.now() - last.at < COALESCE && merged(last.operations, operations);
    this.pending = [...(both ? this.pending.slice(0, -1) : this.pending), { id, operations: both || operations, merge, at: Date.now() }];
    return id;
  }

  /** A layout that only this window has so far becomes part of the document, so that edited nodes stay where they are seen. */
  _keepLayout() {
    const to = Object.fromEntries(Object.entries(this.laid ?? {}).filter(([id]) => this.node(id)).map(([id, place]) => [id, whole(place)]));
    this.laid = null;
    if (!Object.keys(to).length) return;
    const operations = [{ kind: "move", to }];
    this._queue(operations);
    this.view = apply(this.view, operations);
  }

  // ------------------------------------------------------------------ edits by name
  connect(connection) {
    this.apply([{ kind: "add_edges", edges: [packEdge({ ...connection, id: `e${uid()}` })] }]);
  }

  remove(nodeIds, edgeIds = []) {
    const ids = new Set(nodeIds);
    const wanted = new Set(edgeIds);
    const edges = this.edges.filter((edge) => wanted.has(edge.id) && !ids.has(edge.source) && !ids.has(edge.target));
    this.apply([
      ...(edges.length ? [{ kind: "del_edges", ids: edges.map((edge) => edge.id) }] : []),
      ...(ids.size ? [{ kind: "del_nodes", ids: [...ids] }] : []),
    ]);
  }

  /** Places by node id. */
  move(to) {
    this._moved(Object.fromEntries(Object.entries(to).map(([id, place]) => [id, whole(place)])));
  }

  /** Change a node's data: whole groups may be given, only the keys that differ are sent. */
  set(id, data, merge) {
    const node = this.view.nodes.find((known) => known.id === id);
    if (!node) return;
    const before = node.data ?? {};
    this.apply(settingChanges(id, before, { ...before, ...data }), { merge: merge && `${id}/${merge}` });
  }

  rename(name) {
    this.describe({ name }, "name");
  }

  /** Change what the document says about itself: name, description, tags, settings. */
  describe(changes, merge) {
    const before = Object.fromEntries(Object.keys(changes).map((key) => [key, this.view[key]]));
    this.apply(settingChanges(null, before, changes), { merge });
  }

  /** Turn the document into another one, as one edit. */
  become(document) {
    this.apply(difference(this.view, identified(document)));
  }

  /** Copies of nodes (as `packNode` gives them) with fresh ids and names, a little lower. */
  paste({ nodes, edges }) {
    const ids = Object.fromEntries(nodes.map((node) => [node.id, `n${uid()}`]));
    const labels = new Set();
    const fresh = nodes.map((node) => {
      const label = this.freeLabel(node.data?.label || this.catalogue.type(node.type).label, labels);
      labels.add(label);
      return { ...node, id: ids[node.id], data: { ...node.data, label }, position: { x: node.position.x + 48, y: node.position.y + 48 } };
    });
    const links = edges.filter((edge) => ids[edge.source] && ids[edge.target])
      .map((edge) => packEdge({ ...edge, id: `e${uid()}`, source: ids[edge.source], target: ids[edge.target] }));
    if (!fresh.length) return;
    this.apply([{ kind: "add_nodes", nodes: fresh }, ...(links.length ? [{ kind: "add_edges", edges: links }] : [])]);
    this.select(fresh.map((node) => node.id));
  }
}

/** The old list, if the new one holds the same entries. */
function kept(before, after) {
  return before.length === after.length && after.every((entry, index) => entry === before[index]) ? before : after;
}
