// Steps on the clipboard: what the studio wrote is taken as it is, all else is judged by the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPacked, pack } from "../../flowstudio/components/studio/packing.js";

const NODE = { id: "1", type: "code", position: { x: 1, y: 2 }, data: { label: "A", properties: { code: "1" }, pinned: null } };
const EDGE = { id: "e", source: "1", target: "1", sourceHandle: null, targetHandle: "main" };
const read = (selection) => isPacked(JSON.parse(pack(selection)));

test("copied steps are known by their form", () => {
  assert.ok(read({ nodes: [NODE], edges: [EDGE] }));
  assert.ok(read({ nodes: [{ id: "1", type: "code" }] }));
  assert.ok(!isPacked({ nodes: [NODE], edges: [EDGE] }));
});

test("steps that somebody wrote by hand in another form do not reach the canvas unread", () => {
  const wrong = [
    { data: null }, { data: [] }, { data: { properties: null } }, { data: { properties: "x" } }, { data: { label: { a: 1 } } }, { data: { notes: 5 } },
    { data: { pinned: "x" } }, { data: { settings: [] } }, { position: null }, { position: { x: "left", y: 0 } }, { id: 7 }, { id: "" }, { type: {} },
  ].map((part) => ({ nodes: [{ ...NODE, ...part }], edges: [] }));
  wrong.push({ nodes: [null] }, { nodes: {} }, { nodes: [NODE], edges: [{ source: "1" }] }, { nodes: [NODE], edges: {} }, { nodes: [NODE], edges: [{ ...EDGE, sourceHandle: 1 }] });
  for (const selection of wrong) assert.ok(!read(selection), JSON.stringify(selection));
});
