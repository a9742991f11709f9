// Tidying up: steps from left to right, loops around their bodies, sub-nodes below their owner, notes with what they explain.
import { BELOW, GRID, snap } from "./geometry.js";

const GAP = 32; // between two sub-nodes
const APART = 96; // between parts that are not connected

const boxOf = (node) => ({ x: node.position.x, y: node.position.y, width: node.measured.width, height: node.measured.height });

/** Edges that lead back: from within a cycle to a node that a walk from the start has passed. */
export function backEdges(ids, edges) {
  const outgoing = new Map(ids.map((id) => [id, []]));
  const fed = new Set();
  for (const edge of edges) {
    outgoing.get(edge.source)?.push(edge);
    fed.add(edge.target);
  }
  const back = new Set();
  const state = new Map(); // id -> "open" while the walk is below it, "done" afterwards
  const visit = (start) => {
    const stack = [[start, 0]];
    state.set(start, "open");
    while (stack.length) {
      const top = stack[stack.length - 1];
      const edge = outgoing.get(top[0])[top[1]++];
      if (!edge) {
        state.set(top[0], "done");
        stack.pop();
      } else if (state.get(edge.target) === "open") {
        back.add(edge.id);
      } else if (!state.has(edge.target) && outgoing.has(edge.target)) {
        state.set(edge.target, "open");
        stack.push([edge.target, 0]);
      }
    }
  };
  for (const id of [...ids.filter((one) => !fed.has(one)), ...ids]) if (!state.has(id)) visit(id);
  return back;
}

/** Sub-nodes by owner, from the edges that end in slots; a sub-node counts for its first owner. */
export function subNodes(nodes, edges) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owner = new Map();
  const slots = new Map();
  for (const edge of edges) {
    const index = byId.get(edge.target)?.ports?.slots?.findIndex((slot) => slot.id === edge.targetHandle) ?? -1;
    if (index < 0 || owner.has(edge.source) || edge.source === edge.target) continue;
    owner.set(edge.source, edge.target);
    slots.set(edge.source, index);
  }
  const below = new Map();
  for (const [sub, above] of owner) below.set(above, [...(below.get(above) ?? []), byId.get(sub)].filter(Boolean));
  for (const list of below.values()) list.sort((a, b) => slots.get(a.id) - slots.get(b.id));
  return { owner, below };
}

/** Size of a node with everything below it. */
function family(node, below, seen = new Set()) {
  const subs = seen.has(node.id) ? [] : (below.get(node.id) ?? []);
  seen.add(node.id);
  const families = subs.map((sub) => family(sub, below, seen));
  const row = families.reduce((sum, one) => sum + one.width, 0) + GAP * Math.max(0, families.length - 1);
  const deepest = Math.max(0, ...families.map((one) => one.height));
  return {
    node, families, row,
    width: Math.max(node.measured.width, row),
    height: node.measured.height + (families.length ? BELOW + deepest : 0),
  };
}

function settle({ node, families, row, width }, x, y, to) {
  to[node.id] = { x: snap(x + (width - node.measured.width) / 2), y: snap(y) };
  let left = x + (width - row) / 2;
  for (const one of families) {
    settle(one, left, y + node.measured.height + BELOW, to);
    left += one.width + GAP;
  }
}

/** Notes follow the steps that they cover, or the nearest one. */
function placeNotes(notes, steps, to) {
  const moved = steps.filter((step) => to[step.id]);
  for (const note of notes) {
    const box = boxOf(note);
    const inside = moved.filter((step) => {
      const { x, y, width, height } = boxOf(step);
      const middle = { x: x + width / 2, y: y + height / 2 };
      return middle.x >= box.x && middle.x <= box.x + box.width && middle.y >= box.y && middle.y <= box.y + box.height;
    });
    const near = (step) => Math.hypot(step.position.x - box.x, step.position.y - box.y);
    const led = inside.length ? inside : moved.length ? [moved.reduce((a, b) => (near(b) < near(a) ? b : a))] : [];
    if (!led.length) continue;
    const corner = (places) => ({ x: Math.min(...places.map((p) => p.x)), y: Math.min(...places.map((p) => p.y)) });
    const before = corner(led.map((step) => step.position));
    const after = corner(led.map((step) => to[step.id]));
    to[note.id] = { x: snap(after.x + box.x - before.x), y: snap(after.y + box.y - before.y) };
  }
}

/** New positions by node id. `dagre` is the library; the drawing keeps its upper left corner. */
export function arrange(nodes, edges, dagre) {
  const steps = nodes.filter((node) => !node.annotation);
  if (!steps.length) return {};
  const { owner, below } = subNodes(steps, edges);
  const rooted = (id, seen = new Set()) => {
    if (!owner.has(id)) return true;
    if (seen.has(id)) return false;
    return rooted(owner.get(id), seen.add(id));
  };
  const flow = steps.filter((node) => !owner.has(node.id) || !rooted(node.id));
  const ids = new Set(flow.map((node) => node.id));
  const families = new Map(flow.map((node) => [node.id, family(node, below)]));
  const links = edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target) && edge.source !== edge.target);
  const back = backEdges([...ids], links);
  const graph = new dagre.graphlib.Graph({ multigraph: true }).setGraph({ rankdir: "LR", nodesep: 48, ranksep: 112, edgesep: 24 }).setDefaultEdgeLabel(() => ({}));
  const connected = new Set(links.flatMap((edge) => [edge.source, edge.target]));
  // All of a family stands above the line through its owner as well: so the flow stays on one line.
  const half = (one) => Math.max(one.height - one.node.measured.height / 2, one.node.measured.height / 2);
  for (const one of families.values()) {
    if (connected.has(one.node.id)) graph.setNode(one.node.id, { width: one.width, height: half(one) * 2 });
  }
  for (const edge of links) if (!back.has(edge.id)) graph.setEdge(edge.source, edge.target, { weight: 2 }, edge.id);
  dagre.layout(graph);

  const to = {};
  let bottom = 0;
  for (const one of families.values()) {
    if (!connected.has(one.node.id)) continue;
    const { x, y } = graph.node(one.node.id);
    settle(one, x - one.width / 2, y - one.node.measured.height / 2, to);
    bottom = Math.max(bottom, y - one.node.measured.height / 2 + one.height);
  }
  // What hangs on nothing stands in rows below.
  let x = 0, y = Object.keys(to).length ? bottom + APART : 0, tallest = 0;
  for (const one of families.values()) {
    if (connected.has(one.node.id)) continue;
    if (x && x + one.width > 1600) [x, y, tallest] = [0, y + tallest + 48, 0];
    settle(one, x, y, to);
    tallest = Math.max(tallest, one.height);
    x += one.width + 48;
  }
  const corner = (places) => [Math.min(...places.map((p) => p.x)), Math.min(...places.map((p) => p.y))];
  const [fromX, fromY] = corner(steps.map((step) => step.position));
  const [toX, toY] = corner(Object.values(to));
  for (const id of Object.keys(to)) to[id] = { x: snap(to[id].x - toX + fromX), y: snap(to[id].y - toY + fromY) };
  placeNotes(nodes.filter((node) => node.annotation), steps, to);
  return to;
}

/** New positions by node id. Loads the layout library only when it is needed. */
export async function tidy(nodes, edges) {
  return arrange(nodes, edges, (await import("@dagrejs/dagre")).default);
}

/** Half a grid is no move. */
export const differs = (node, to) => Math.abs(node.position.x - to.x) >= GRID / 2 || Math.abs(node.position.y - to.y) >= GRID / 2;
