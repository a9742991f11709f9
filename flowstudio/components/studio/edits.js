// Edits of the drawing as operations: what a click on a plus, a drop or a key does to the document.
import { AFTER, freePlace, placeBelow, placeFor, sizeOf, snap } from "./geometry.js";
import { downstream } from "./walking.js";

const ROOM = 64; // at least so much stays on both sides of a node that is put between two others

/** A new node of a type, with a name that nobody has. */
function fresh(store, slug, position, id) {
  const type = store.catalogue.type(slug);
  return { id, type: slug, position: { x: snap(position.x), y: snap(position.y) }, data: { label: store.freeLabel(type.label), properties: { ...type.defaults } } };
}

const portsOf = (store, slug) => store.catalogue.ports(slug, { properties: {} });
const sizeOfType = (store, slug) => sizeOf(portsOf(store, slug));
const edge = (id, source, sourceHandle, target, targetHandle) => ({ id, source, target, sourceHandle: sourceHandle ?? null, targetHandle: targetHandle ?? null });

/** Whether nodes of this type can follow another one. */
export const takesInput = (store, slug) => portsOf(store, slug).inputs.length > 0;

/**
 * Operations that add a node. `at` says where and what it is connected to:
 * `{position}` a place, `{after, port}` behind an output, `{owner, slot}` into a slot, `{edge}` between two nodes;
 * `{center}` somewhere around a point. Also gives the id of the new node.
 */
export function addition(store, slug, at, newId) {
  const { nodes } = store.snapshot;
  const size = sizeOfType(store, slug);
  const id = `n${newId()}`;
  const linked = (source, sourceHandle, target, targetHandle) => ({ kind: "add_edges", edges: [edge(`e${newId()}`, source, sourceHandle, target, targetHandle)] });
  const put = (position) => ({ kind: "add_nodes", nodes: [fresh(store, slug, position, id)] });

  if (at.edge && takesInput(store, slug) && portsOf(store, slug).outputs.length) return { id, operations: between(store, slug, at.edge, id, newId) };
  if (at.owner) {
    const position = at.position ?? placeBelow(nodes, store.node(at.owner), at.slot, size);
    return { id, operations: [put(position), linked(id, null, at.owner, at.slot)] };
  }
  if (at.after && takesInput(store, slug)) {
    const from = store.node(at.after);
    const position = at.position ?? placeFor(nodes, from, null, size, at.port);
    return { id, operations: [put(position), linked(at.after, at.port, id, null)] };
  }
  if (at.before && portsOf(store, slug).outputs.length) {
    const position = at.position ?? placeFor(nodes, null, store.node(at.before).position, size);
    return { id, operations: [put(position), linked(id, null, at.before, at.port)] };
  }
  return { id, operations: [put(at.position ?? placeFor(nodes, null, at.center, size))] };
}

/** A node in the middle of a connection; what comes afterwards makes room. */
function between(store, slug, edgeId, id, newId) {
  const { nodes, edges } = store.snapshot;
  const cut = edges.find((one) => one.id === edgeId);
  const source = store.node(cut.source), target = store.node(cut.target);
  const [width, height] = sizeOfType(store, slug);
  const right = source.position.x + source.measured.width;
  const forward = target.position.x > right;
  const missing = forward ? Math.max(0, snap(width + 2 * ROOM - (target.position.x - right))) : 0;
  const y = (source.position.y + source.measured.height / 2 + target.position.y + target.measured.height / 2) / 2 - height / 2;
  const middle = forward ? (right + target.position.x + missing) / 2 - width / 2 : right + AFTER;
  const operations = [];
  if (missing) {
    const following = downstream(edges, target.id);
    const pushed = nodes.filter((node) => following.has(node.id) && node.id !== source.id && node.position.x >= target.position.x);
    operations.push({ kind: "move", to: Object.fromEntries(pushed.map((node) => [node.id, { x: node.position.x + missing, y: node.position.y }])) });
  }
  operations.push({ kind: "del_edges", ids: [edgeId] });
  operations.push({ kind: "add_nodes", nodes: [fresh(store, slug, { x: snap(middle), y: snap(y) }, id)] });
  operations.push({ kind: "add_edges", edges: [
    edge(`e${newId()}`, source.id, cut.sourceHandle, id, null),
    edge(`e${newId()}`, id, null, target.id, cut.targetHandle),
  ] });
  return operations;
}

/** A note, large enough to stand behind the selected nodes if there are some. */
export function noteAddition(store, center, newId, texts) {
  const id = `n${newId()}`;
  const selected = store.snapshot.nodes.filter((node) => node.selected && !node.annotation);
  const [width, height] = [240, 160];
  let box = { ...freePlace(store.snapshot.nodes, { x: center.x - width / 2, y: center.y - height / 2 }, [width, height]), width, height };
  if (selected.length) {
    const left = Math.min(...selected.map((node) => node.position.x)) - 32;
    const top = Math.min(...selected.map((node) => node.position.y)) - 80;
    const right = Math.max(...selected.map((node) => node.position.x + node.measured.width)) + 32;
    const bottom = Math.max(...selected.map((node) => node.position.y + node.measured.height)) + 48;
    box = { x: snap(left), y: snap(top), width: snap(right - left), height: snap(bottom - top) };
  }
  const node = {
    id, type: "sticky-note", position: { x: box.x, y: box.y },
    data: { label: store.freeLabel(store.catalogue.type("sticky-note").label), properties: { text: texts, width: box.width, height: box.height } },
  };
  return { id, operations: [{ kind: "add_nodes", nodes: [node] }] };
}

/** Whether a node of this type may fill a slot. */
export const fits = (slot, type) => (slot.takes?.length ? slot.takes.some((name) => type.fills?.includes(name)) : Boolean(type.sub));

/** Whether a connection may be drawn. */
export function allowed(store, { source, target, sourceHandle, targetHandle }) {
  const from = store.node(source), to = store.node(target);
  if (!from || !to || from.annotation || to.annotation) return false;
  const type = store.catalogue.type(from.data.type);
  const slot = to.ports.slots?.find((one) => one.id === targetHandle);
  const { edges } = store.snapshot;
  if (slot) {
    const filled = edges.filter((one) => one.target === target && one.targetHandle === targetHandle);
    return source !== target && fits(slot, type) && (slot.many || !filled.length) && !filled.some((one) => one.source === source);
  }
  if (type.sub || !to.ports.inputs.length) return false;
  const same = (one) => one.source === source && one.target === target
    && (one.sourceHandle ?? from.ports.outputs[0]?.id) === (sourceHandle ?? from.ports.outputs[0]?.id)
    && (one.targetHandle ?? to.ports.inputs[0]?.id) === (targetHandle ?? to.ports.inputs[0]?.id);
  return (source !== target || type.loop === true) && !edges.some(same);
}

/** Connections that a node could get, as `{source, sourceHandle, target, targetHandle, port, other}`, nearest nodes first. */
export function possibleConnections(store, id) {
  const from = store.node(id);
  const { nodes } = store.snapshot;
  const type = store.catalogue.type(from.data.type);
  const found = [];
  const far = (node) => Math.hypot(node.position.x - from.position.x, node.position.y - from.position.y);
  for (const node of [...nodes].sort((a, b) => far(a) - far(b))) {
    if (node.annotation) continue;
    for (const slot of node.ports.slots ?? []) {
      const connection = { source: id, sourceHandle: null, target: node.id, targetHandle: slot.id };
      if (allowed(store, connection)) found.push({ ...connection, other: node, into: slot.label, out: "" });
    }
    if (type.sub || node.id === id) continue;
    for (const out of from.ports.outputs) for (const into of node.ports.inputs) {
      const connection = { source: id, sourceHandle: out.id, target: node.id, targetHandle: into.id };
      if (allowed(store, connection)) found.push({ ...connection, other: node, out: from.ports.outputs.length > 1 ? out.label || out.id : "", into: node.ports.inputs.length > 1 ? into.label || into.id : "" });
    }
  }
  return found;
}

/** Outputs and slots of each node that have connections: node id -> set of `out/<port>` and `in/<port>`. */
export function usedPorts(nodes, edges) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const used = new Map();
  const mark = (id, name) => (used.get(id) ?? used.set(id, new Set()).get(id)).add(name);
  for (const one of edges) {
    mark(one.source, `out/${one.sourceHandle ?? byId.get(one.source)?.ports?.outputs[0]?.id}`);
    mark(one.target, `in/${one.targetHandle ?? byId.get(one.target)?.ports?.inputs[0]?.id}`);
  }
  return used;
}

/** The one step that nothing follows, if there is just one. */
export function onlyEnd({ nodes, edges }) {
  const followed = new Set(edges.map((one) => one.source));
  const ends = nodes.filter((node) => node.ports.outputs.length && !node.ports.sub && !followed.has(node.id));
  return ends.length === 1 ? ends[0] : null;
}
