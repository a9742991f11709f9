// The run log as a tree.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barOf, buildTree, filterTree, flatten, mergeRuns, placeOf, runKey, sent, size, telling, usageOf, visible } from "../../flowstudio/components/studio/runlog.js";

const at = (ms) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const run = (node, from = 0, to = 0, more = {}) => ({
  node, scope: [], attempt: 1, status: "success", items: { main: 1 }, received: 1, printed: false, error: null,
  started_at: at(from), finished_at: at(to), ...more,
});
const labels = { a: "Start", loop: "Each", b: "Send", call: "Ask" };
const tree = (runs, more = {}) => buildTree({
  execution: { id: "x", status: "success", ...more.execution }, log: { runs, children: more.children ?? [], labels }, states: more.states, nested: more.nested,
});
const outline = (rows) => rows.map((row) => [row.kind, row.number ?? row.label, row.status, ...(row.children.length ? [outline(row.children)] : [])]);

test("steps come in the order in which they started", () => {
  const rows = tree([run("b", 5, 9), run("a", 0, 2)]);
  assert.deepEqual(outline(rows), [["node", "Start", "success"], ["node", "Send", "success"]]);
  assert.equal(rows[1].ended - rows[0].started, 9);
});

test("a loop holds its rounds, each with its steps", () => {
  const rows = tree([
    run("a", 0, 1),
    run("loop", 2, 2, { scope: ["loop:0"], items: { loop: 2 } }), run("b", 2, 4, { scope: ["loop:0"] }),
    run("loop", 5, 5, { scope: ["loop:10"] }), run("b", 5, 8, { scope: ["loop:10"], status: "error", error: { message: "No" } }),
    run("loop", 4, 4, { scope: ["loop:1"] }),
    run("loop", 1, 9, { status: "error" }),
  ], { execution: { status: "error" } });
  assert.deepEqual(outline(rows), [
    ["node", "Start", "success"],
    ["node", "Each", "error", [
      ["round", 1, "success", [["node", "Send", "success"]]],
      ["round", 2, "success"],
      ["round", 11, "error", [["node", "Send", "error"]]],
    ]],
  ]);
  assert.equal(sent(rows[1].children[0]), 2);
  assert.equal(telling(rows[1]), true);
  assert.equal(size(rows), 7);
});

test("loops nest", () => {
  const rows = tree([run("in", 1, 2, { scope: ["out:0", "mid:3"] }), run("out", 0, 0, { scope: ["out:0"] }), run("mid", 1, 1, { scope: ["out:0", "mid:3"] })]);
  assert.deepEqual(outline(rows), [["node", "out", "success", [["round", 1, "success", [["node", "mid", "success", [["round", 4, "success", [["node", "in", "success"]]]]]]]]]]);
});

test("tries are listed when there was more than one", () => {
  const failed = { status: "retrying", error: { message: "Busy" } };
  const [row] = tree([run("b", 0, 1, failed), run("b", 3, 4, { attempt: 2 })]);
  assert.deepEqual(outline([row]), [["node", "Send", "success", [["try", "Send", "error"], ["try", "Send", "success"]]]]);
  assert.deepEqual([row.tries, row.started, row.ended], [2, Date.parse(at(0)), Date.parse(at(4))]);
});

test("a pause that is over is no try", () => {
  const [row] = tree([run("b", 0, 1, { status: "waiting" }), run("b", 50, 51, { attempt: 2 })]);
  assert.deepEqual([row.children.length, row.status], [0, "success"]);
});

test("what never ended runs, or was cancelled with its execution", () => {
  const runs = [run("b", 0, 0, { status: "started" })];
  assert.equal(tree(runs, { execution: { status: "running" } })[0].status, "running");
  assert.equal(tree(runs, { execution: { status: "cancelled" } })[0].status, "cancelled");
  const states = { b: { status: "running", started_at: at(3), label: "Send" } };
  assert.deepEqual(outline(tree([], { execution: { status: "running" }, states })), [["node", "Send", "running"]]);
});

test("a loop that still goes on shows its rounds", () => {
  const rows = tree([run("b", 2, 3, { scope: ["loop:0"] }), run("b", 4, 4, { scope: ["loop:1"], status: "started" })], { execution: { status: "running" } });
  assert.deepEqual(outline(rows), [["node", "Each", "running", [["round", 1, "success", [["node", "Send", "success"]]], ["round", 2, "running", [["node", "Send", "running"]]]]]]);
});

test("skipped steps stand at the end", () => {
  const states = { b: { status: "skipped", label: "Send" }, a: { status: "success", label: "Start" } };
  assert.deepEqual(outline(tree([run("a", 0, 1)], { states })), [["node", "Start", "success"], ["node", "Send", "skipped"]]);
});

test("called executions hang below the step that called them, and open into their own log", () => {
  const children = [
    { id: "y", node: "call", scope: [], status: "success", workflow_name: "Other", created_at: at(1), started_at: at(1), finished_at: at(2) },
    { id: "z", node: null, scope: [], status: "success", workflow_name: "On error", created_at: at(4), started_at: at(4), finished_at: at(5) },
  ];
  const closed = tree([run("call", 0, 3)], { children });
  assert.deepEqual(outline(closed), [["node", "Ask", "success", [["call", "Other", "success"]]], ["call", "On error", "success"]]);
  assert.equal(closed[0].children[0].lazy, true);
  const nested = (id) => (id === "y" ? { runs: [run("a", 1, 2)], children: [], labels: { a: "Inner" } } : null);
  const [row] = tree([run("call", 0, 3)], { children, nested });
  assert.deepEqual(outline(row.children), [["call", "Other", "success", [["node", "Inner", "success"]]]]);
  assert.equal(row.children[0].children[0].execution, "y");
});

test("merging keeps the end of a try when its start comes late, and adds what is learnt afterwards", () => {
  const entries = mergeRuns(new Map(), [{ ...run("b", 0, 1), received: undefined, printed: undefined }]);
  mergeRuns(entries, [run("b", 0, 0, { status: "started" })]);
  assert.equal(entries.get(runKey(run("b"))).status, "success");
  mergeRuns(entries, [run("b", 0, 1, { received: 7, printed: true })]);
  assert.deepEqual([entries.size, entries.get(runKey(run("b"))).received], [1, 7]);
});

test("a filter keeps what matches and the way to it", () => {
  const rows = tree([
    run("a", 0, 1), run("loop", 2, 2, { scope: ["loop:0"] }), run("b", 2, 4, { scope: ["loop:0"], status: "error", error: { message: "The coffee is out." } }),
    run("loop", 1, 9, { status: "error" }),
  ]);
  assert.deepEqual(outline(filterTree(rows, { text: "COFFEE" })), [["node", "Each", "error", [["round", 1, "error", [["node", "Send", "error"]]]]]]);
  assert.deepEqual(outline(filterTree(rows, { status: "success" })), [["node", "Start", "success"]]);
  assert.equal(filterTree(rows, {}), rows);
});

test("closed rows hide what is in them", () => {
  const rows = tree([run("loop", 0, 0, { scope: ["loop:0"] }), run("b", 0, 1, { scope: ["loop:0"] }), run("loop", 0, 2)]);
  assert.deepEqual(flatten(rows, () => false).map(({ row, level, open }) => [row.kind, level, open]), [["node", 1, false]]);
  assert.deepEqual(flatten(rows, () => true).map(({ row, level, place, of }) => [row.kind, level, place, of]), [["node", 1, 1, 1], ["round", 2, 1, 1], ["node", 3, 1, 1]]);
});

test("only rows in sight are drawn", () => {
  assert.deepEqual(visible(1000, 30, 3000, 300, 5), [95, 115]);
  assert.deepEqual(visible(3, 30, 0, 300, 5), [0, 3]);
});

test("a bar shows when and how long", () => {
  assert.deepEqual(barOf({ started: 25, ended: 75 }, 0, 100), { left: 25, width: 50 });
  assert.deepEqual(barOf({ started: 25, ended: null }, 0, 100), { left: 25, width: 75 });
  assert.equal(barOf({ started: null }, 0, 100), null);
});

test("a thousand steps in a hundred rounds build fast", () => {
  const runs = [];
  for (let round = 0; round < 100; round++) for (let node = 0; node < 100; node++) runs.push(run(`n${node}`, round * 100 + node, round * 100 + node + 1, { scope: [`loop:${round}`] }));
  const began = performance.now();
  assert.equal(size(tree(runs)), 10101);
  assert.ok(performance.now() - began < 2000);
});

test("an item of a step with several outputs is found on its port", () => {
  assert.deepEqual([0, 2, 3, 5].map((index) => placeOf({ yes: 3, no: 2 }, index)), [{ port: "yes", offset: 0 }, { port: "yes", offset: 2 }, { port: "no", offset: 0 }, null]);
});

const step = (number, kind, name, more = {}) => ({ number, parent: null, kind, name, node: "m", started_at: at(number), milliseconds: 1, usage: {}, error: null, ...more });

test("turns of models and calls of tools stand below the try in which they happened, each below what it was part of", () => {
  const steps = [step(1, "model", "gpt"), step(2, "tool", "search", { node: "t" }), step(3, "model", "mini", { parent: 2 }), step(4, "model", "gpt", { error: "No quota." })];
  const [agent] = tree([run("call", 0, 9, { steps, usage: { input_tokens: 5 } })]);
  assert.deepEqual(outline(agent.children), [
    ["step", "gpt", "success"], ["step", "search", "success", [["step", "mini", "success"]]], ["step", "gpt", "error"],
  ]);
  assert.equal(agent.children[1].by, "t");
  assert.equal(agent.children[1].node, "call");
  const [retried] = tree([run("call", 0, 1, { status: "retrying", steps: steps.slice(0, 1) }), run("call", 1, 2, { attempt: 2, steps: steps.slice(0, 2) })]);
  assert.deepEqual(retried.children.map((row) => row.children.length), [1, 2]);
});

test("a step without an end runs, until its execution is over", () => {
  const open = [run("call", 0, 0, { status: "started", steps: [step(1, "model", "gpt", { milliseconds: null })] })];
  assert.equal(tree(open, { execution: { status: "running" } })[0].children[0].status, "running");
  assert.equal(tree(open, { execution: { status: "cancelled" } })[0].children[0].status, "cancelled");
});

test("usage adds up over tries, and over steps where a try has not ended", () => {
  const used = step(1, "model", "gpt", { usage: { input_tokens: 3, cost: 0.5 } });
  assert.deepEqual(usageOf([run("call", 0, 1, { usage: { input_tokens: 2 }, steps: [used] }), run("call", 1, 1, { status: "started", steps: [used, used] })]), { input_tokens: 8, cost: 1 });
  assert.deepEqual(usageOf([run("a")]), {});
});
