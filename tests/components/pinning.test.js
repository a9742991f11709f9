// What can be pinned to steps, of one run or by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hindrance, pinOperations, pinnable } from "../../flowstudio/components/studio/pinning.js";

const nodes = ["start", "if", "loop", "body", "failed", "late"].map((id) => ({ id }));
const run = (node, items, more = {}) => ({ node, scope: [], status: "success", items, ...more });

test("pinned items leave by the first output, so only what left by it alone can be pinned", () => {
  assert.equal(hindrance({ yes: 2, no: 0 }, "yes"), null);
  assert.equal(hindrance({ yes: 1, no: 1 }, "yes"), "outputs");
  assert.equal(hindrance({ yes: 0, no: 1 }, "yes"), "outputs");
  assert.equal(hindrance({ yes: 0 }, "yes"), "nothing");
  assert.equal(hindrance(undefined, "yes"), "nothing");
});

test("of a run, steps that succeeded outside of loops are pinned; the others that gave something are named", () => {
  const runs = [
    run("start", { main: 2 }), run("if", { yes: 1, no: 1 }), run("loop", { loop: 1 }, { scope: ["loop:0"] }), run("body", { main: 1 }, { scope: ["loop:0"] }),
    run("loop", { main: 2 }), run("failed", {}, { status: "error" }), run("gone", { main: 1 }),
  ];
  assert.deepEqual(pinnable(nodes, runs), { ids: ["start", "if", "loop"], left: [{ id: "body", reason: "loop" }] });
});

test("the last try counts", () => {
  const runs = [run("start", {}, { status: "retrying" }), run("start", { main: 1 }, { attempt: 2 })];
  assert.deepEqual(pinnable(nodes, runs).ids, ["start"]);
});

test("what fits is pinned at once, and what stays behind is named with the reason", () => {
  const found = [
    { id: "a", rows: [{ n: 1 }], files: false }, { id: "b", reason: "outputs" }, { id: "c", rows: [{ text: "x".repeat(40) }] },
    { id: "d", rows: [{ n: 2 }], files: true }, { id: "e", rows: [{ n: 3, more: "yyyyyyy" }] },
  ];
  assert.deepEqual(pinOperations(found, 40, 30), {
    operations: [
      { kind: "set", node: "a", path: ["pinned"], value: [{ n: 1 }] },
      { kind: "set", node: "d", path: ["pinned"], value: [{ n: 2 }] },
    ],
    left: [{ id: "b", reason: "outputs" }, { id: "c", reason: "size" }, { id: "e", reason: "size" }],
    files: ["d"],
  });
});
