// Tidying up, without the layout library: what it is given, and what becomes of loops, sub-nodes and notes.
import assert from "node:assert/strict";
import test from "node:test";
import { arrange, backEdges, subNodes } from "../../flowstudio/components/studio/layout.js";

const node = (id, x = 0, y = 0, more = {}) => ({ id, position: { x, y }, measured: { width: 200, height: 64 }, ports: { slots: [] }, ...more });
const edge = (source, target, targetHandle = null) => ({ id: `${source}>${target}`, source, target, targetHandle });

/** Stands in for the library: ranks by the longest way, one row for each node of a rank. */
const rows = {
  graphlib: {
    Graph: class {
      nodes = new Map();
      edges = [];
      setGraph() { return this; }
      setDefaultEdgeLabel() { return this; }
      setNode(id, size) { this.nodes.set(id, { ...size }); }
      setEdge(source, target) { this.edges.push([source, target]); }
      node(id) { return this.nodes.get(id); }
    },
  },
  layout(graph) {
    const rank = new Map([...graph.nodes.keys()].map((id) => [id, 0]));
    for (let round = 0; round <= rank.size; round++) {
      if (round === rank.size) throw new Error("a cycle");
      let settled = true;
      for (const [source, target] of graph.edges) if (rank.get(target) <= rank.get(source)) [settled] = [false, rank.set(target, rank.get(source) + 1)];
      if (settled) break;
    }
    const taken = {};
    for (const [id, box] of graph.nodes) Object.assign(box, { x: rank.get(id) * 320 + box.width / 2, y: (taken[rank.get(id)] = (taken[rank.get(id)] ?? -1) + 1) * 400 + box.height / 2 });
  },
};

test("only what leads back is a back edge", () => {
  const edges = [edge("start", "loop"), edge("loop", "a"), edge("a", "b"), edge("b", "loop"), edge("loop", "end")];
  assert.deepEqual([...backEdges(["start", "loop", "a", "b", "end"], edges)], ["b>loop"]);
  assert.deepEqual([...backEdges(["a", "b"], [edge("a", "b"), edge("b", "a")])], ["b>a"]);
  assert.equal(backEdges(["a", "b", "c"], [edge("a", "b"), edge("a", "c"), edge("b", "c")]).size, 0);
});

test("a loop is laid out from left to right, its way back left out", () => {
  const nodes = ["end", "b", "a", "loop", "start"].map((id) => node(id, 0, 0));
  const to = arrange(nodes, [edge("start", "loop"), edge("loop", "a"), edge("a", "b"), edge("b", "loop"), edge("loop", "end")], rows);
  assert.ok(to.start.x < to.loop.x && to.loop.x < to.a.x && to.a.x < to.b.x && to.loop.x < to.end.x);
});

test("sub-nodes stand below their owner, in the order of its slots, and nothing overlaps", () => {
  const agent = node("agent", 0, 0, { ports: { slots: [{ id: "model" }, { id: "tool" }] } });
  const vector = node("vector", 0, 0, { ports: { slots: [{ id: "embedder" }] } });
  const nodes = [node("start"), agent, node("tool1"), node("tool2"), node("model"), vector, node("embed"), node("end")];
  const edges = [edge("start", "agent"), edge("agent", "end"), edge("tool1", "agent", "tool"), edge("tool2", "agent", "tool"), edge("model", "agent", "model"), edge("vector", "agent", "tool"), edge("embed", "vector", "embedder")];
  assert.deepEqual(subNodes(nodes, edges).below.get("agent").map(({ id }) => id), ["model", "tool1", "tool2", "vector"]);
  const to = arrange(nodes, edges, rows);
  assert.equal(Object.keys(to).length, nodes.length);
  for (const id of ["model", "tool1", "tool2", "vector"]) assert.ok(to[id].y > to.agent.y + 64, id);
  assert.ok(to.model.x < to.tool1.x && to.tool1.x < to.tool2.x && to.tool2.x < to.vector.x);
  assert.ok(to.embed.y > to.vector.y + 64);
  const ids = Object.keys(to);
  for (const a of ids) for (const b of ids) if (a < b) assert.ok(Math.abs(to[a].x - to[b].x) >= 200 || Math.abs(to[a].y - to[b].y) >= 64, `${a} covers ${b}`);
});

test("sub-nodes that fill each other do not hang the layout", () => {
  const one = node("one", 0, 0, { ports: { slots: [{ id: "s" }] } }), two = node("two", 0, 0, { ports: { slots: [{ id: "s" }] } });
  const to = arrange([one, two], [edge("one", "two", "s"), edge("two", "one", "s")], rows);
  assert.deepEqual(Object.keys(to).sort(), ["one", "two"]);
});

test("a note follows the steps that it covers, and is never laid out itself", () => {
  const note = node("note", 80, -48, { annotation: true, measured: { width: 400, height: 200 } });
  const nodes = [node("a", 1008, 512), node("b", 96, 0), note];
  const to = arrange(nodes, [edge("a", "b")], rows);
  assert.notDeepEqual(to.b, nodes[1].position);
  assert.deepEqual([to.note.x - to.b.x, to.note.y - to.b.y], [-16, -48]);
  assert.deepEqual(arrange([note], [], rows), {});
});

test("the drawing keeps its upper left corner; loose steps stand below", () => {
  const to = arrange([node("a", 320, 160), node("b", 640, 160), node("loose", 640, 800)], [edge("a", "b")], rows);
  assert.deepEqual(to.a, { x: 320, y: 160 });
  assert.ok(to.loose.y > to.a.y + 64);
});
