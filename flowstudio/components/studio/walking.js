// Where the arrow keys lead: along the connections first, else to what lies in that direction.

const center = (node) => ({
  x: node.position.x + (node.measured?.width ?? 0) / 2,
  y: node.position.y + (node.measured?.height ?? 0) / 2,
});
const AXES = { left: ["x", -1], right: ["x", 1], up: ["y", -1], down: ["y", 1] };

/** The nodes at the other end of the connections on one side; `below` those that fill slots. */
function neighbours(nodes, edges, id, direction) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const fills = (edge) => byId.get(edge.target)?.ports?.slots?.some((slot) => slot.id === edge.targetHandle) ?? false;
  const ends = {
    right: () => edges.filter((edge) => edge.source === id && !fills(edge)).map((edge) => edge.target),
    left: () => edges.filter((edge) => edge.target === id && !fills(edge)).map((edge) => edge.source),
    down: () => edges.filter((edge) => edge.target === id && fills(edge)).map((edge) => edge.source),
    up: () => edges.filter((edge) => edge.source === id && fills(edge)).map((edge) => edge.target),
  };
  return ends[direction]().filter((end) => end !== id).map((end) => byId.get(end)).filter(Boolean);
}

/** The nearest of some nodes in a direction; what lies aside counts double. */
function nearest(nodes, from, direction) {
  const [axis, sign] = AXES[direction];
  const other = axis === "x" ? "y" : "x";
  const origin = center(from);
  let best = null, least = Infinity;
  for (const node of nodes) {
    if (node.id === from.id) continue;
    const at = center(node);
    const ahead = (at[axis] - origin[axis]) * sign;
    const aside = Math.abs(at[other] - origin[other]);
    if (ahead <= 0 || aside > ahead * 3) continue;
    const distance = ahead + aside * 2;
    if (distance < least) [best, least] = [node, distance];
  }
  return best;
}

const closest = (nodes, from) => nodes.reduce((best, node) => {
  const distance = (n) => Math.hypot(center(n).x - center(from).x, center(n).y - center(from).y);
  return !best || distance(node) < distance(best) ? node : best;
}, null);

/** The id of the node that an arrow key leads to from `id`, or null. Without `id`: where a reader would begin. */
export function walk(nodes, edges, id, direction) {
  const from = nodes.find((node) => node.id === id);
  if (!from) {
    const fed = new Set(edges.map((edge) => edge.target));
    const first = [...nodes].sort((a, b) => Number(fed.has(a.id)) - Number(fed.has(b.id)) || a.position.x - b.position.x || a.position.y - b.position.y);
    return first[0]?.id ?? null;
  }
  const along = neighbours(nodes, edges, id, direction);
  if (along.length) {
    const ahead = nearest(along, from, direction);
    return (ahead ?? closest(along, from)).id;
  }
  if (direction === "up" || direction === "down") {
    const sides = ["left", "right"].flatMap((side) => neighbours(nodes, edges, id, side)
      .flatMap((end) => neighbours(nodes, edges, end.id, side === "left" ? "right" : "left")));
    const sibling = nearest(sides, from, direction);
    if (sibling) return sibling.id;
  }
  return nearest(nodes, from, direction)?.id ?? null;
}

/** Everything that can be reached from a node along the flow, itself included. */
export function downstream(edges, id) {
  const found = new Set([id]);
  const todo = [id];
  const next = new Map();
  for (const edge of edges) next.set(edge.source, [...(next.get(edge.source) ?? []), edge.target]);
  while (todo.length) {
    for (const target of next.get(todo.pop()) ?? []) {
      if (found.has(target)) continue;
      found.add(target);
      todo.push(target);
    }
  }
  return found;
}
