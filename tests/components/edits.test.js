// What a plus, a drop or a key does to the drawing.
import assert from "node:assert/strict";
import test from "node:test";
import { addition, allowed, fits, noteAddition, onlyEnd, possibleConnections, usedPorts } from "../../flowstudio/components/studio/edits.js";
import { shapeOf } from "../../flowstudio/components/studio/geometry.js";
import { shows } from "../../flowstudio/components/studio/viewports.js";

const MAIN = [{ id: "main", label: "" }];
const VOICE = { id: "voice", label: "Voice", many: false, takes: ["Voice"] };
const HABITS = { id: "habits", label: "Habits", many: true, takes: [] };
const TYPES = {
  go: { label: "Go", trigger: true, ports: { inputs: [], outputs: MAIN, slots: [] } },
  step: { label: "Step", ports: { inputs: MAIN, outputs: MAIN, slots: [] } },
  fork: { label: "Fork", ports: { inputs: MAIN, outputs: [{ id: "yes", label: "Yes" }, { id: "no", label: "No" }], slots: [] } },
  loop: { label: "Loop", loop: true, ports: { inputs: MAIN, outputs: MAIN, slots: [] } },
  agent: { label: "Agent", ports: { inputs: MAIN, outputs: MAIN, slots: [VOICE, HABITS] } },
  voice: { label: "Loud", sub: true, fills: ["Loud", "Voice"], ports: { inputs: [], outputs: MAIN, slots: [], sub: true } },
  habit: { label: "Habit", sub: true, fills: ["Habit"], ports: { inputs: [], outputs: MAIN, slots: [], sub: true } },
  "sticky-note": { label: "Note", annotation: true, ports: { inputs: [], outputs: [], slots: [], size: [240, 160] } },
};

function drawn(places, links = []) {
  const nodes = Object.entries(places).map(([id, [type, x, y, selected = false]]) => ({ id, data: { type, properties: {} }, position: { x, y }, selected, ...shapeOf(TYPES[type].ports) }));
  const edges = links.map(([source, target, sourceHandle = null, targetHandle = null]) => ({ id: `${source}>${target}`, source, target, sourceHandle, targetHandle }));
  return {
    snapshot: { nodes, edges }, catalogue: { type: (slug) => TYPES[slug], ports: (slug) => TYPES[slug].ports },
    node: (id) => nodes.find((node) => node.id === id), freeLabel: (label) => label, label: (node) => TYPES[node.data.type].label,
  };
}
let number = 0;
const id = () => String(++number);
const kinds = (operations) => operations.map(({ kind }) => kind);
const newNode = (operations) => operations.find(({ kind }) => kind === "add_nodes").nodes[0];

test("behind an output the new step stands to the right and is connected", () => {
  const store = drawn({ a: ["go", 0, 0] });
  const { id: made, operations } = addition(store, "step", { after: "a", port: "main" }, id);
  assert.deepEqual(kinds(operations), ["add_nodes", "add_edges"]);
  assert.ok(newNode(operations).position.x > 216);
  assert.deepEqual(operations[1].edges.map(({ source, target, sourceHandle }) => [source, target, sourceHandle]), [["a", made, "main"]]);
});

test("steps behind the outputs of one step do not cover each other", () => {
  const store = drawn({ f: ["fork", 0, 0] });
  const first = newNode(addition(store, "step", { after: "f", port: "yes" }, id).operations);
  const second = newNode(addition(store, "step", { after: "f", port: "no" }, id).operations);
  assert.ok(second.position.y - first.position.y >= 64);
  const taken = drawn({ a: ["step", 0, 0], b: ["step", 320, 0] });
  assert.ok(newNode(addition(taken, "step", { after: "a", port: "main" }, id).operations).position.y >= 64);
});

test("a step in a connection takes both ends over, and what follows makes room", () => {
  const store = drawn({ a: ["fork", 0, 0], b: ["step", 400, 0], c: ["step", 700, 0], up: ["step", 500, -300] }, [["a", "b", "no"], ["b", "c"]]);
  const { id: made, operations } = addition(store, "step", { edge: "a>b" }, id);
  assert.deepEqual(kinds(operations), ["move", "del_edges", "add_nodes", "add_edges"]);
  assert.deepEqual(Object.keys(operations[0].to), ["b", "c"]);
  const shift = operations[0].to.b.x - 400;
  assert.equal(operations[0].to.c.x - 700, shift);
  const { x } = newNode(operations).position;
  assert.ok(x >= store.node("a").measured.width + 48 && x + 216 <= 400 + shift - 48);
  assert.deepEqual(operations[3].edges.map(({ source, sourceHandle, target }) => [source, sourceHandle, target]), [["a", "no", made], [made, null, "b"]]);
});

test("where there is room nothing is pushed; a trigger is not put into a connection", () => {
  const store = drawn({ a: ["step", 0, 0], b: ["step", 900, 0] }, [["a", "b"]]);
  assert.deepEqual(kinds(addition(store, "step", { edge: "a>b" }, id).operations), ["del_edges", "add_nodes", "add_edges"]);
  assert.deepEqual(kinds(addition(store, "go", { edge: "a>b", center: { x: 0, y: 0 } }, id).operations), ["add_nodes"]);
});

test("what fills a slot stands below its owner", () => {
  const store = drawn({ a: ["agent", 0, 0] });
  const { id: made, operations } = addition(store, "voice", { owner: "a", slot: "voice" }, id);
  assert.ok(newNode(operations).position.y > 96);
  assert.deepEqual(operations[1].edges.map(({ source, target, targetHandle }) => [source, target, targetHandle]), [[made, "a", "voice"]]);
});

test("a slot takes what fits it, once or often", () => {
  assert.ok(fits(VOICE, TYPES.voice) && !fits(VOICE, TYPES.habit) && !fits(VOICE, TYPES.step));
  assert.ok(fits(HABITS, TYPES.habit) && !fits(HABITS, TYPES.step));
  const store = drawn({ a: ["agent", 0, 0], v: ["voice", 0, 200], w: ["voice", 300, 200], h: ["habit", 600, 200], i: ["habit", 900, 200] }, [["v", "a", null, "voice"], ["h", "a", null, "habits"]]);
  assert.ok(!allowed(store, { source: "w", target: "a", targetHandle: "voice" }), "one is enough");
  assert.ok(allowed(store, { source: "i", target: "a", targetHandle: "habits" }));
  assert.ok(!allowed(store, { source: "h", target: "a", targetHandle: "habits" }), "the same again");
  assert.ok(!allowed(store, { source: "w", target: "a", targetHandle: "main" }), "no items come from it");
});

test("connections are drawn once, to inputs, and to oneself only by loops", () => {
  const store = drawn({ a: ["go", 0, 0], b: ["step", 300, 0], l: ["loop", 600, 0], n: ["sticky-note", 0, 300] }, [["a", "b"]]);
  assert.ok(!allowed(store, { source: "a", target: "b", sourceHandle: "main", targetHandle: "main" }), "there already, without handles");
  assert.ok(!allowed(store, { source: "b", target: "a" }) && !allowed(store, { source: "b", target: "b" }) && !allowed(store, { source: "b", target: "n" }));
  assert.ok(allowed(store, { source: "l", target: "l" }) && allowed(store, { source: "b", target: "l" }));
});

test("what a step can be connected to is listed, the nearest first", () => {
  const store = drawn({ f: ["fork", 0, 0], far: ["step", 2000, 0], near: ["step", 300, 0], n: ["sticky-note", 100, 300] }, [["f", "near", "yes"]]);
  assert.deepEqual(possibleConnections(store, "f").map(({ sourceHandle, target }) => [sourceHandle, target]), [["no", "near"], ["yes", "far"], ["no", "far"]]);
  const agents = drawn({ v: ["voice", 0, 0], a: ["agent", 0, -200] });
  assert.deepEqual(possibleConnections(agents, "v").map(({ target, targetHandle }) => [target, targetHandle]), [["a", "voice"], ["a", "habits"]]);
});

test("missing handles use the first port", () => {
  const { nodes, edges } = drawn({ f: ["fork", 0, 0], b: ["step", 300, 0] }, [["f", "b"]]).snapshot;
  assert.deepEqual([...usedPorts(nodes, edges).get("f")], ["out/yes"]);
  assert.deepEqual([...usedPorts(nodes, edges).get("b")], ["in/main"]);
});

test("a note surrounds what is selected, else it looks for a free place", () => {
  const around = newNode(noteAddition(drawn({ a: ["step", 0, 0, true], b: ["step", 300, 100, true] }), { x: 0, y: 0 }, id, "").operations);
  assert.ok(around.position.x < 0 && around.position.y < 0 && around.position.x + around.data.properties.width > 516 && around.position.y + around.data.properties.height > 164);
  const free = newNode(noteAddition(drawn({ a: ["step", -100, -30] }), { x: 0, y: 0 }, id, "").operations);
  assert.ok(free.position.y >= 34);
});

test("a kept viewport counts only where it shows something", () => {
  const { nodes } = drawn({ a: ["step", 0, 0] }).snapshot;
  assert.ok(shows({ x: 100, y: 100, zoom: 1 }, nodes, 800, 600));
  assert.ok(!shows({ x: 2000, y: 0, zoom: 1 }, nodes, 800, 600));
  assert.ok(!shows({ x: -300, y: 0, zoom: 1 }, nodes, 800, 600));
});

test("the only step that nothing follows is where one goes on", () => {
  const places = { a: ["go", 0, 0], b: ["step", 300, 0], v: ["voice", 300, 200], n: ["sticky-note", 0, 300] };
  assert.equal(onlyEnd(drawn(places, [["a", "b"]]).snapshot).id, "b");
  assert.equal(onlyEnd(drawn(places).snapshot), null);
  assert.equal(onlyEnd(drawn({}).snapshot), null);
});
