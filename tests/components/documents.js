// Random workflows and edits from a seed, for tests.

/** A generator of numbers from 0 to 1 (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const below = (random, number) => Math.floor(random() * number);
export const pick = (random, list) => list[below(random, list.length)];
const name = (random) => `n${1 + below(random, 9)}`;

function randomNode(random, id) {
  return { id, type: pick(random, ["code", "filter"]), position: { x: below(random, 500), y: below(random, 500) }, data: { label: id, properties: { a: below(random, 9) } } };
}

function randomEdge(random, id) {
  return { id, source: name(random), target: name(random), sourceHandle: pick(random, [null, "main", "second"]), targetHandle: null };
}

export function randomDocument(random) {
  const nodes = Array.from({ length: 6 }, (_, index) => randomNode(random, `n${index + 1}`));
  const known = new Set();
  const edges = Array.from({ length: 6 }, (_, index) => randomEdge(random, `e${index + 1}`)).filter((edge) => {
    const key = JSON.stringify([edge.source, edge.target, edge.sourceHandle]);
    return nodes.some((node) => node.id === edge.source) && nodes.some((node) => node.id === edge.target) && !known.has(key) && known.add(key);
  });
  return { schema_version: 1, name: "Random", nodes, edges };
}

const MAKE = {
  add_nodes: (random) => ({ kind: "add_nodes", nodes: [randomNode(random, name(random))] }),
  del_nodes: (random) => ({ kind: "del_nodes", ids: [name(random)] }),
  move: (random) => ({ kind: "move", to: { [name(random)]: { x: below(random, 900), y: below(random, 900) }, [name(random)]: { x: 1, y: 2 } } }),
  add_edges: (random) => ({ kind: "add_edges", edges: [randomEdge(random, `e${1 + below(random, 12)}`)] }),
  del_edges: (random, document) => ({ kind: "del_edges", ids: [pick(random, document.edges)?.id ?? "none"] }),
  set: (random) => {
    const node = pick(random, [null, name(random), name(random)]);
    const path = node === null ? pick(random, [["name"], ["tags"]]) : pick(random, [["label"], ["properties", "a"], ["properties", "b"], ["properties"], ["notes"]]);
    if (node !== null && random() < 0.2) return { kind: "set", node, path };
    const value = path[0] === "tags" ? [`tag ${below(random, 9)}`] : path.length === 1 && path[0] === "properties" ? { a: below(random, 9) } : `${below(random, 99)}`;
    return { kind: "set", node, path, value };
  },
};

export function randomBatch(random, document) {
  return Array.from({ length: 1 + below(random, 3) }, () => MAKE[pick(random, Object.keys(MAKE))](random, document));
}

/** The document without the order of nodes, edges and keys, and without what is default. */
export function unordered(document) {
  const { nodes, edges, ...rest } = document;
  const data = ({ properties = {}, ...others } = {}) => ({ ...others, properties });
  const of = (list) => Object.fromEntries(list.map((entry) => [entry.id, entry]));
  return {
    ...rest,
    nodes: of(nodes.map((node) => ({ ...node, data: data(node.data) }))),
    edges: of(edges.map(({ sourceHandle = null, targetHandle = null, ...edge }) => ({ ...edge, sourceHandle, targetHandle }))),
  };
}
