// Sizes and places of nodes. Known before anything is drawn, so that React Flow need not measure.
const WIDTH = 216;
const LABELLED = 48; // more for a side that names its ports
const HEIGHT = 64;
const ROW = 26; // height that one of several ports needs
const HANDLE = 12;
export const GRID = 16;

export function sizeOf({ inputs, outputs }) {
  const rows = Math.max(inputs.length, outputs.length);
  const height = Math.max(HEIGHT, rows > 2 ? rows * ROW + 18 : HEIGHT);
  const width = WIDTH + (namesPorts(inputs) ? LABELLED : 0) + (namesPorts(outputs) ? LABELLED : 0);
  return [width, Math.ceil(height / 2) * 2];
}

/** Whether a side shows the names of its ports: where there is a choice. */
export const namesPorts = (ports) => ports.length > 1;

/** Where port number `index` of `count` sits on a side, as a fraction of the height. */
export const portAt = (index, count) => (index + 1) / (count + 1);

export function handlesOf({ inputs, outputs }, width, height) {
  const place = (ports, type, position, x) => ports.map((port, index) => ({
    id: port.id, type, position, x: x - HANDLE / 2, y: height * portAt(index, ports.length) - HANDLE / 2, width: HANDLE, height: HANDLE,
  }));
  return [...place(inputs, "target", "left", 0), ...place(outputs, "source", "right", width)];
}

const snap = (value) => Math.round(value / GRID) * GRID;

/** New positions by node id, left to right. Loads dagre only when it is needed. */
export async function tidy(nodes, edges) {
  const dagre = (await import("@dagrejs/dagre")).default;
  const graph = new dagre.graphlib.Graph().setGraph({ rankdir: "LR", nodesep: 48, ranksep: 128 }).setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: node.measured.width, height: node.measured.height });
  for (const edge of edges) graph.setEdge(edge.source, edge.target);
  dagre.layout(graph);
  return Object.fromEntries(nodes.map((node) => {
    const { x, y } = graph.node(node.id);
    return [node.id, { x: snap(x - node.measured.width / 2), y: snap(y - node.measured.height / 2) }];
  }));
}

/** Documents written by hand carry no positions: everything sits on one spot. */
export const needsTidying = (nodes) =>
  nodes.length > 1 && nodes.every((node) => node.position.x === nodes[0].position.x && node.position.y === nodes[0].position.y);

/** A free place to the right of a node, or in the middle of the view. */
export function placeFor(nodes, from, center) {
  let spot = from
    ? { x: from.position.x + from.measured.width + 112, y: from.position.y }
    : { x: snap(center.x - WIDTH / 2), y: snap(center.y - HEIGHT / 2) };
  const taken = (at) => nodes.some((node) => Math.abs(node.position.x - at.x) < WIDTH && Math.abs(node.position.y - at.y) < HEIGHT);
  while (taken(spot)) spot = { x: spot.x, y: spot.y + HEIGHT + 32 };
  return { x: snap(spot.x), y: snap(spot.y) };
}
