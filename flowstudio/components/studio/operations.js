// Edits of a workflow document as operations: applied as engine/operations.py applies them, undone, merged and derived.

/** Whether two JSON values are the same; the order of an object's keys does not matter, and an undefined key is none. */
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b || Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a)) return a.length === b.length && a.every((value, index) => same(value, b[index]));
  const keys = definedKeys(a);
  return keys.length === definedKeys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

const definedKeys = (object) => Object.keys(object).filter((key) => object[key] !== undefined);

export const sameConnection = (a, b) => a.source === b.source && a.target === b.target
  && (a.sourceHandle ?? null) === (b.sourceHandle ?? null) && (a.targetHandle ?? null) === (b.targetHandle ?? null);
const connection = (edge) => JSON.stringify([edge.source, edge.sourceHandle ?? null, edge.target, edge.targetHandle ?? null]);

/** What is at a path, or undefined. `node` null is the document itself; undefined for a node that is not there, too. */
export function valueAt(document, node, [key, inner]) {
  const holder = node === null ? document : document.nodes.find(({ id }) => id === node)?.data;
  const value = own(holder, key);
  return inner === undefined ? value : own(value, inner);
}

const own = (holder, key) => (holder && Object.hasOwn(holder, key) ? holder[key] : undefined);

/** A copy in which the key is set or removed. Removing makes no group; a group that loses its last key stays. */
function withValue(holder, [key, inner], operation) {
  const given = "value" in operation;
  if (inner !== undefined) {
    if (!Object.hasOwn(holder, key) && !given) return holder;
    return { ...holder, [key]: withValue(own(holder, key) ?? {}, [inner], operation) };
  }
  if (given) return { ...holder, [key]: operation.value };
  const { [key]: _, ...rest } = holder;
  return rest;
}

const APPLY = {
  add_nodes(document, { nodes }) {
    const known = new Set(document.nodes.map((node) => node.id));
    const added = nodes.filter(({ id }) => !known.has(id) && known.add(id));
    return added.length ? { ...document, nodes: document.nodes.concat(added) } : document;
  },
  del_nodes(document, { ids }) {
    const named = new Set(ids);
    const nodes = document.nodes.filter((node) => !named.has(node.id));
    if (nodes.length === document.nodes.length) return document;
    const gone = new Set(document.nodes.filter((node) => named.has(node.id)).map((node) => node.id));
    return { ...document, nodes, edges: without(document.edges, (edge) => gone.has(edge.source) || gone.has(edge.target)) };
  },
  move(document, { to }) {
    return { ...document, nodes: document.nodes.map((node) => (Object.hasOwn(to, node.id) ? { ...node, position: to[node.id] } : node)) };
  },
  add_edges(document, { edges, before }) {
    const added = newEdges(document, edges);
    if (!added.length) return document;
    const found = before == null ? -1 : document.edges.findIndex((edge) => edge.id === before);
    const place = found < 0 ? document.edges.length : found;
    return { ...document, edges: [...document.edges.slice(0, place), ...added, ...document.edges.slice(place)] };
  },
  del_edges(document, { ids }) {
    const named = new Set(ids);
    const edges = without(document.edges, (edge) => named.has(edge.id));
    return edges === document.edges ? document : { ...document, edges };
  },
  set(document, operation) {
    if (operation.node === null) return withValue(document, operation.path, operation);
    const index = document.nodes.findIndex((node) => node.id === operation.node);
    if (index < 0) return document;
    const nodes = document.nodes.slice();
    nodes[index] = { ...nodes[index], data: withValue(nodes[index].data ?? {}, operation.path, operation) };
    return { ...document, nodes };
  },
};

function without(list, unwanted) {
  const kept = list.filter((entry) => !unwanted(entry));
  return kept.length === list.length ? list : kept;
}

/** The edges of a list that an `add_edges` would add. */
function newEdges(document, edges) {
  const nodes = new Set(document.nodes.map((node) => node.id));
  const ids = new Set(document.edges.map((edge) => edge.id));
  const connections = new Set(document.edges.map(connection));
  return edges.filter((edge) => {
    const key = connection(edge);
    if (ids.has(edge.id) || connections.has(key) || !nodes.has(edge.source) || !nodes.has(edge.target)) return false;
    ids.add(edge.id);
    connections.add(key);
    return true;
  });
}

/** The document after the operations. Pure and total: what names something that is not there (any more) is skipped. */
export function apply(document, operations) {
  return operations.reduce((before, operation) => APPLY[operation.kind](before, operation), document);
}

const setBack = (document, { node, path }) => {
  const value = valueAt(document, node, path);
  return value === undefined ? { kind: "set", node, path } : { kind: "set", node, path, value };
};

const INVERSE = {
  add_nodes: (document, { nodes }) => {
    const known = new Set(document.nodes.map((node) => node.id));
    return deleting("del_nodes", nodes.filter(({ id }) => !known.has(id) && known.add(id)));
  },
  del_nodes: (document, { ids }) => {
    const gone = new Set(ids);
    return [
      ...adding("nodes", document.nodes.filter((node) => gone.has(node.id))),
      ...puttingEdges(document.edges, (edge) => gone.has(edge.source) || gone.has(edge.target)),
    ];
  },
  move: (document, { to }) => {
    const moved = document.nodes.filter((node) => Object.hasOwn(to, node.id));
    return moved.length ? [{ kind: "move", to: Object.fromEntries(moved.map((node) => [node.id, node.position ?? { x: 0, y: 0 }])) }] : [];
  },
  add_edges: (document, { edges }) => deleting("del_edges", newEdges(document, edges)),
  del_edges: (document, { ids }) => {
    const gone = new Set(ids);
    return puttingEdges(document.edges, (edge) => gone.has(edge.id));
  },
  set: (document, operation) =>
    (operation.node === null || document.nodes.some((node) => node.id === operation.node) ? [setBack(document, operation)] : []),
};

const adding = (what, entries) => (entries.length ? [{ kind: `add_${what}`, [what]: entries }] : []);

/** Operations that add the missing ones of a list of edges, each before the edge that it stands before in the list. */
function puttingEdges(edges, missing) {
  const operations = [];
  let group = [];
  const put = (place) => {
    if (group.length) operations.push({ kind: "add_edges", edges: group, ...place });
    group = [];
  };
  for (const edge of edges) {
    if (missing(edge)) group.push(edge);
    else put({ before: edge.id });
  }
  put();
  return operations;
}
const deleting = (kind, entries) => (entries.length ? [{ kind, ids: entries.map((entry) => entry.id) }] : []);

/** The operations that take back what `operations` would do to the document. */
export function inverse(document, operations) {
  const back = [];
  let before = document;
  for (const operation of operations) {
    back.unshift(...INVERSE[operation.kind](before, operation));
    before = APPLY[operation.kind](before, operation);
  }
  return back;
}

const target = ({ node, path }) => JSON.stringify([node, path]);

/** Two batches that only set values and move nodes, as one with the last word for each place; null for any others. */
export function merged(first, second) {
  const all = [...first, ...second];
  if (!all.every(({ kind }) => kind === "set" || kind === "move")) return null;
  const last = new Map();
  const to = {};
  for (const operation of all) {
    if (operation.kind === "move") Object.assign(to, operation.to);
    else {
      last.delete(target(operation)); // so that it comes after everything that it was set after
      last.set(target(operation), operation);
    }
  }
  return [...last.values(), ...(Object.keys(to).length ? [{ kind: "move", to }] : [])];
}

const GROUPS = ["properties", "settings", "credentials"];

/** Operations that set what differs between two objects; keys of the groups are set one by one. */
export function settingChanges(node, before, after, groups = GROUPS) {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    if (same(before[key], after[key])) return [];
    if (groups.includes(key)) return settingChanges(node, before[key] ?? {}, after[key] ?? {}, []).map((operation) => ({ ...operation, path: [key, ...operation.path] }));
    return [after[key] === undefined ? { kind: "set", node, path: [key] } : { kind: "set", node, path: [key], value: after[key] }];
  });
}

const described = ({ name, description, tags, settings }) => ({ name, description, tags, settings });
const byId = (list) => new Map(list.map((entry) => [entry.id, entry]));

/** Operations that turn one document into another. */
export function difference(before, after) {
  const [nodes, wanted] = [byId(before.nodes), byId(after.nodes)];
  const kept = (node) => wanted.get(node.id)?.type === node.type;
  const gone = before.nodes.filter((node) => !kept(node));
  const lost = new Set(gone.map((node) => node.id));
  const added = after.nodes.filter((node) => nodes.get(node.id)?.type !== node.type);
  const stay = after.nodes.filter((node) => nodes.get(node.id)?.type === node.type);
  const place = (node) => ({ x: 0, y: 0, ...node.position });
  const moved = stay.filter((node) => !same(place(node), place(nodes.get(node.id))));
  const remaining = before.edges.filter((edge) => !lost.has(edge.source) && !lost.has(edge.target));
  const places = new Map(after.edges.map((edge, index) => [connection(edge), index]));
  const linked = new Map(); // by connection, the edges that stay: those that are in the wanted order
  let last = -1;
  for (const edge of remaining) {
    const place = places.get(connection(edge)) ?? -1;
    if (place <= last) continue;
    linked.set(connection(edge), edge);
    last = place;
  }
  const staying = new Set(linked.values());
  const taken = new Set([...staying].map((edge) => edge.id));
  const edges = after.edges.map((edge) => linked.get(connection(edge))
    ?? (taken.has(edge.id) ? { ...edge, id: `${edge.id}-${connection(edge)}`.slice(0, 200) } : edge));
  return [
    ...settingChanges(null, described(before), described(after)),
    ...deleting("del_edges", remaining.filter((edge) => !staying.has(edge))),
    ...deleting("del_nodes", gone),
    ...adding("nodes", added),
    ...(moved.length ? [{ kind: "move", to: Object.fromEntries(moved.map((node) => [node.id, place(node)])) }] : []),
    ...stay.flatMap((node) => settingChanges(node.id, nodes.get(node.id).data ?? {}, node.data ?? {})),
    ...puttingEdges(edges, (edge) => !staying.has(edge)),
  ];
}

/**
 * What of an undo still concerns the state that the undone change left: values and places that somebody else has changed
 * since stay as they are. `left` are the values that the change left, as `marks` took them.
 */
export function stillOwn(document, operations, left) {
  const places = byId(document.nodes);
  return operations.flatMap((operation) => {
    if (operation.kind === "set") return same(valueAt(document, operation.node, operation.path), left.get(target(operation))) ? [operation] : [];
    if (operation.kind !== "move") return [operation];
    const to = Object.fromEntries(Object.entries(operation.to).filter(([id]) => same(places.get(id)?.position, left.get(id))));
    return Object.keys(to).length ? [{ kind: "move", to }] : [];
  });
}

/** The values and places that a document has where `operations` would write. */
export function marks(document, operations) {
  const places = byId(document.nodes);
  const left = new Map();
  for (const operation of operations) {
    if (operation.kind === "set") left.set(target(operation), valueAt(document, operation.node, operation.path));
    if (operation.kind === "move") for (const id of Object.keys(operation.to)) left.set(id, places.get(id)?.position);
  }
  return left;
}
