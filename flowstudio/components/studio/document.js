// The workflow on the canvas: React Flow's nodes and edges, edited by operations that can be undone.
import { applyEdgeChanges, applyNodeChanges } from "@xyflow/react";
import { handlesOf, sizeOf } from "./geometry.js";

const HISTORY = 200;
const COALESCE = 1200; // ms within which typing in one field is one step of undo

export const uid = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(36).padStart(2, "0")).join("").slice(0, 10);

const DEFAULTS = { disabled: false, notes: "", settings: {}, credentials: {}, pinned: null };
const isDefault = (key, value) => value === undefined || JSON.stringify(DEFAULTS[key]) === JSON.stringify(value);

/** A React Flow node as the document stores it. */
export function packNode({ id, position, data: { type, ...data } }) {
  const kept = Object.fromEntries(Object.entries(data).filter(([key, value]) => !isDefault(key, value)));
  return { id, type, position: { x: Math.round(position.x), y: Math.round(position.y) }, data: kept };
}

export const packEdge = ({ id, source, target, sourceHandle, targetHandle }) => ({
  id, source, target, sourceHandle: sourceHandle ?? null, targetHandle: targetHandle ?? null,
});

export class WorkflowStore {
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.listeners = new Set();
    this.nodes = [];
    this.edges = [];
    this.meta = {};
    this.ports = {};
    this.history = { undo: [], redo: [] };
    this.revision = 0; // grows with every change that has to be saved
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

  /** Replace everything, forgetting the history. */
  load(document, ports = {}) {
    const { nodes = [], edges = [], ...meta } = document;
    this.meta = meta;
    this.ports = ports;
    this.edges = edges.map((edge) => this._flowEdge(edge));
    this.nodes = nodes.map((node) => this._flowNode(node)); // after the edges: their handles are ports too
    this.history = { undo: [], redo: [] };
    this._changed();
  }

  /** Ports that the server worked out from the parameters. */
  setPorts(ports) {
    if (!ports || JSON.stringify(ports) === JSON.stringify(this.ports)) return;
    this.ports = ports;
    this.nodes = this.nodes.map((node) => this._flowNode(packNode(node), node));
    this._changed();
  }

  document() {
    return { ...this.meta, nodes: this.nodes.map(packNode), edges: this.edges.map(packEdge) };
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

  _flowNode(node, before) {
    const data = { properties: {}, ...node.data, type: node.type };
    const ports = this.catalogue.ports(node.type, data, this.ports[node.id], this._usedHandles(node.id));
    const [width, height] = sizeOf(ports);
    return {
      id: node.id, type: "step", position: { x: 0, y: 0, ...node.position }, data, selected: before?.selected ?? false,
      ariaLabel: data.label || this.catalogue.type(node.type).label,
      ports, style: { width, height }, measured: { width, height }, handles: handlesOf(ports, width, height),
    };
  }

  _usedHandles(id) {
    return {
      inputs: this.edges.filter((edge) => edge.target === id && edge.targetHandle).map((edge) => edge.targetHandle),
      outputs: this.edges.filter((edge) => edge.source === id && edge.sourceHandle).map((edge) => edge.sourceHandle),
    };
  }

  _flowEdge(edge) {
    return { ...packEdge(edge), id: edge.id || `e${uid()}`, type: "flow" };
  }

  // ------------------------------------------------------------------ what React Flow reports
  nodesChanged = (changes) => {
    const kept = changes.filter((change) => change.type !== "remove" && change.type !== "dimensions");
    if (!kept.length) return;
    this.nodes = applyNodeChanges(kept, this.nodes);
    this._changed();
  };

  edgesChanged = (changes) => {
    const kept = changes.filter((change) => change.type !== "remove");
    if (!kept.length) return;
    this.edges = applyEdgeChanges(kept, this.edges);
    this._changed();
  };

  // ------------------------------------------------------------------ operations
  /** Apply operations and remember how to undo them. `merge` names edits that follow each other quickly. */
  commit(forward, backward, { merge, applied } = {}) {
    if (!applied) this._apply(forward);
    const { undo } = this.history;
    const last = undo[undo.length - 1];
    if (merge && last?.merge === merge && Date.now() - last.at < COALESCE) {
      last.forward = forward;
      last.at = Date.now();
    } else {
      undo.push({ forward, backward, merge, at: Date.now() });
      if (undo.length > HISTORY) undo.shift();
    }
    this.history.redo = [];
    this.revision++;
    this._changed();
  }

  undo = () => this._travel(this.history.undo, this.history.redo, "backward");
  redo = () => this._travel(this.history.redo, this.history.undo, "forward");

  _travel(from, to, direction) {
    const step = from.pop();
    if (!step) return;
    to.push({ ...step, merge: undefined });
    this._apply(step[direction]);
    this.revision++;
    this._changed();
  }

  _apply(operations) {
    for (const operation of operations) this[`_${operation.kind}`](operation);
  }

  _addNodes({ nodes, select }) {
    if (select) this.nodes = this.nodes.map((node) => (node.selected ? { ...node, selected: false } : node));
    this.nodes = this.nodes.concat(nodes.map((node) => ({ ...this._flowNode(node), selected: Boolean(select) })));
  }

  _removeNodes({ ids }) {
    const gone = new Set(ids);
    this.nodes = this.nodes.filter((node) => !gone.has(node.id));
    this.edges = this.edges.filter((edge) => !gone.has(edge.source) && !gone.has(edge.target));
  }

  _addEdges({ edges }) {
    const present = new Set(this.edges.map((edge) => edge.id));
    this.edges = this.edges.concat(edges.filter((edge) => !present.has(edge.id)).map((edge) => this._flowEdge(edge)));
  }

  _removeEdges({ ids }) {
    const gone = new Set(ids);
    this.edges = this.edges.filter((edge) => !gone.has(edge.id));
  }

  _move({ to }) {
    this.nodes = this.nodes.map((node) => (to[node.id] ? { ...node, position: to[node.id] } : node));
  }

  _set({ id, data }) {
    this.nodes = this.nodes.map((node) =>
      node.id === id ? this._flowNode({ ...packNode(node), data: { ...node.data, ...data } }, node) : node);
  }

  _rename({ meta }) {
    this.meta = { ...this.meta, ...meta };
  }

  // ------------------------------------------------------------------ edits by name
  addNode(type, position, { from, sourceHandle } = {}) {
    const { label, defaults } = this.catalogue.type(type);
    const node = { id: `n${uid()}`, type, position, data: { label: this.freeLabel(label), properties: defaults ?? {} } };
    const takesInput = this.catalogue.ports(type, node.data).inputs.length > 0;
    const edge = from && takesInput && { id: `e${uid()}`, source: from, target: node.id, sourceHandle: sourceHandle ?? null, targetHandle: null };
    this.commit(
      [{ kind: "addNodes", nodes: [node], select: true }, ...(edge ? [{ kind: "addEdges", edges: [edge] }] : [])],
      [{ kind: "removeNodes", ids: [node.id] }],
    );
    return node.id;
  }

  connect({ source, target, sourceHandle, targetHandle }) {
    const same = (edge) => edge.source === source && edge.target === target
      && (edge.sourceHandle ?? null) === (sourceHandle ?? null) && (edge.targetHandle ?? null) === (targetHandle ?? null);
    if (this.edges.some(same)) return;
    const edge = { id: `e${uid()}`, source, target, sourceHandle, targetHandle };
    this.commit([{ kind: "addEdges", edges: [edge] }], [{ kind: "removeEdges", ids: [edge.id] }]);
  }

  remove(nodeIds, edgeIds = []) {
    const ids = new Set(nodeIds);
    const nodes = this.nodes.filter((node) => ids.has(node.id));
    const wanted = new Set(edgeIds);
    const edges = this.edges.filter((edge) => wanted.has(edge.id) || ids.has(edge.source) || ids.has(edge.target));
    if (!nodes.length && !edges.length) return;
    this.commit(
      [{ kind: "removeEdges", ids: edges.map((edge) => edge.id) }, { kind: "removeNodes", ids: nodes.map((node) => node.id) }],
      [{ kind: "addNodes", nodes: nodes.map(packNode) }, { kind: "addEdges", edges: edges.map(packEdge) }],
    );
  }

  move(to, back, applied) {
    if (Object.keys(to).length) this.commit([{ kind: "move", to }], [{ kind: "move", to: back }], { applied });
  }

  set(id, data, merge) {
    const node = this.node(id);
    if (!node) return;
    const before = Object.fromEntries(Object.keys(data).map((key) => [key, node.data[key]]));
    this.commit([{ kind: "set", id, data }], [{ kind: "set", id, data: before }], { merge: merge && `${id}/${merge}` });
  }

  rename(name) {
    this.commit([{ kind: "rename", meta: { name } }], [{ kind: "rename", meta: { name: this.meta.name } }], { merge: "name" });
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
      .map((edge) => ({ ...edge, id: `e${uid()}`, source: ids[edge.source], target: ids[edge.target] }));
    this.commit(
      [{ kind: "addNodes", nodes: fresh, select: true }, { kind: "addEdges", edges: links }],
      [{ kind: "removeNodes", ids: fresh.map((node) => node.id) }],
    );
  }

  selection() {
    const nodes = this.nodes.filter((node) => node.selected);
    const ids = new Set(nodes.map((node) => node.id));
    const edges = this.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
    return { nodes: nodes.map(packNode), edges: edges.map(packEdge) };
  }

  selectAll() {
    this.nodes = this.nodes.map((node) => ({ ...node, selected: true }));
    this._changed();
  }
}
