import assert from "node:assert/strict";
import { test } from "node:test";
import { earlier, feeder, isOwnInput, neighbours, toRun } from "../../flowstudio/components/studio/sources.js";

// start ─ load ─ split ═ merge ─ send      model ┄ send
const edge = (source, target, sourceHandle = null, targetHandle = null) => ({ source, target, sourceHandle, targetHandle });
const EDGES = [
  edge("start", "load"), edge("load", "split"), edge("split", "merge", "yes", "one"), edge("split", "merge", "no", "two"), edge("merge", "send"),
  edge("model", "send", null, "model"),
];
const ONE = [{ id: "main" }];
const TWO = [{ id: "one" }, { id: "two" }];

test("the steps before a step come nearest first, sub-steps not among them", () => {
  assert.deepEqual(earlier(EDGES, "send", ONE).map(({ id, distance }) => [id, distance]), [["merge", 1], ["split", 2], ["load", 3], ["start", 4]]);
  assert.equal(earlier(EDGES, "merge", TWO)[0].port, "yes");
  assert.deepEqual(earlier(EDGES, "start", []), []);
});

test("a loop does not go round and round", () => {
  const loop = [edge("a", "loop"), edge("loop", "body", "loop"), edge("body", "loop")];
  assert.deepEqual(earlier(loop, "loop", ONE).map(({ id }) => id), ["a", "body"]);
  assert.deepEqual(earlier(loop, "body", ONE).map(({ id }) => id), ["loop", "a"]);
});

test("neighbours are named once", () => {
  assert.deepEqual(neighbours(EDGES, "split"), { before: ["load"], after: ["merge"] });
});

test("$json is the item of the only step on the first input", () => {
  assert.ok(isOwnInput(EDGES, "split", ONE, "load", "main"));
  assert.ok(!isOwnInput(EDGES, "send", ONE, "split", "yes"));
  assert.ok(isOwnInput(EDGES, "merge", TWO, "split", "yes"));
  assert.ok(!isOwnInput(EDGES, "merge", TWO, "split", "no"));
  assert.ok(!isOwnInput([...EDGES, edge("start", "split")], "split", ONE, "load", null), "two steps feed it");
});

test("a port's only feeder is known", () => {
  assert.equal(feeder(EDGES, "merge", TWO, "two"), "split");
  assert.equal(feeder([...EDGES, edge("load", "merge", null, "two")], "merge", TWO, "two"), null);
});

test("what runs to get to a step ends at pinned steps", () => {
  const row = [["a", "b"], ["b", "c"], ["c", "b"], ["c", "d"], ["x", "d"]].map(([source, target]) => ({ source, target }));
  assert.deepEqual([...toRun(row, "c", () => false)].sort(), ["a", "b", "c"]);
  assert.deepEqual([...toRun(row, "d", (id) => id === "c")].sort(), ["c", "d", "x"]);
  assert.deepEqual([...toRun(row, "b", (id) => id === "b")], ["b"]);
});
