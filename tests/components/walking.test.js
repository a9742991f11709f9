// Where the arrow keys lead.
import assert from "node:assert/strict";
import test from "node:test";
import { downstream, walk } from "../../flowstudio/components/studio/walking.js";

const node = (id, x, y, slots = []) => ({ id, position: { x, y }, measured: { width: 200, height: 64 }, ports: { slots: slots.map((name) => ({ id: name })) } });
const edge = (source, target, targetHandle = null) => ({ id: `${source}-${target}`, source, target, targetHandle });

//          ┌ b ┐
//  start ──┼ c ┼── end      far (connected to nothing)
//          └ d ┘
//             model (fills a slot of d)
const NODES = [node("start", 0, 100), node("b", 300, 0), node("c", 300, 100), node("d", 300, 200, ["model"]), node("end", 600, 100), node("model", 300, 360), node("far", 1200, 110)];
const EDGES = ["b", "c", "d"].flatMap((id) => [edge("start", id), edge(id, "end")]).concat(edge("model", "d", "model"));
const to = (id, direction) => walk(NODES, EDGES, id, direction);

test("right and left follow the connections, to the nearest of several", () => {
  assert.equal(to("start", "right"), "c");
  assert.equal(to("b", "right"), "end");
  assert.equal(to("end", "left"), "c");
  assert.equal(to("b", "left"), "start");
});

test("up and down go between steps that hang on the same one", () => {
  assert.equal(to("c", "up"), "b");
  assert.equal(to("c", "down"), "d");
  assert.equal(to("b", "down"), "c");
});

test("down leads into the slots, up back to the owner", () => {
  assert.equal(to("d", "down"), "model");
  assert.equal(to("model", "up"), "d");
});

test("where no connection leads, the nearest step in that direction is next", () => {
  assert.equal(to("end", "right"), "far");
  assert.equal(to("far", "right"), null);
  assert.equal(to("start", "left"), null);
});

test("without a selection one begins where the flow begins", () => {
  assert.equal(to(undefined, "right"), "start");
  assert.equal(walk([], [], undefined, "right"), null);
});

test("a connection that leads backwards can be followed", () => {
  const edges = [edge("start", "b"), edge("b", "end"), edge("end", "start")];
  assert.equal(walk(NODES, edges, "end", "right"), "start");
});

test("downstream is everything that a step leads to, cycles included", () => {
  assert.deepEqual([...downstream([edge("a", "b"), edge("b", "c"), edge("c", "a"), edge("x", "a")], "a")].sort(), ["a", "b", "c"]);
});
