// Which data of an execution can be pinned to steps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pinOperations, pinnable, pinnedRows } from "../../flowstudio/components/studio/pinning.js";

const nodes = ["start", "if", "loop", "body", "many", "failed", "late"].map((id) => ({ id }));
const run = (node, items, more = {}) => ({ node, scope: [], status: "success", items, ...more });

test("steps that succeeded by their first output are pinned, the rest is counted", () => {
  const runs = [
    run("start", { main: 2 }), run("if", { yes: 1, no: 1 }), run("loop", { loop: 1 }, { scope: ["loop:0"] }), run("body", { main: 1 }, { scope: ["loop:0"] }),
    run("loop", { main: 2 }), run("many", { main: 1001 }), run("failed", {}, { status: "error" }), run("gone", { main: 1 }),
  ];
  assert.deepEqual(pinnable(nodes, runs, () => "main"), { ids: ["start", "loop"], skipped: 2 });
  assert.deepEqual(pinnable(nodes, [run("if", { yes: 2, no: 0 })], () => "yes"), { ids: ["if"], skipped: 0 });
});

test("the last try counts", () => {
  const runs = [run("start", {}, { status: "retrying" }), run("start", { main: 1 }, { attempt: 2 })];
  assert.deepEqual(pinnable(nodes, runs, () => "main").ids, ["start"]);
});

test("files cannot be pinned", () => {
  assert.equal(pinnedRows([{ json: { n: 1 } }, { json: {}, binary: { data: {} } }]), null);
  assert.deepEqual(pinnedRows([{ json: { n: 1 } }]), [{ n: 1 }]);
});

test("one batch holds what fits", () => {
  const { operations, left } = pinOperations([["a", [{ n: 1 }]], ["b", null], ["c", [{ text: "x".repeat(100) }]], ["d", [{ n: 2 }]]], 50);
  assert.deepEqual(operations, [
    { kind: "set", node: "a", path: ["pinned"], value: [{ n: 1 }] },
    { kind: "set", node: "d", path: ["pinned"], value: [{ n: 2 }] },
  ]);
  assert.equal(left, 2);
});
