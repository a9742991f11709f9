// What counts as changed since an execution.
import assert from "node:assert/strict";
import { test } from "node:test";
import { staleNodes } from "../../flowstudio/components/studio/stale.js";

// start -> fetch -> shape -> send,  start -> note
const DOCUMENT = {
  nodes: [
    { id: "start", type: "manual-trigger", position: { x: 0, y: 0 }, data: { label: "Start" } },
    { id: "fetch", type: "http-request", position: { x: 1, y: 0 }, data: { label: "Fetch", properties: { url: "https://a", method: "GET" } } },
    { id: "shape", type: "edit-fields", position: { x: 2, y: 0 }, data: { label: "Shape", properties: { fields: [{ value: "={{ $('Fetch').item.json.n }}" }] } } },
    { id: "send", type: "no-op", position: { x: 3, y: 0 }, data: { label: "Send" } },
    { id: "note", type: "no-op", position: { x: 1, y: 1 }, data: { label: "Note" } },
  ],
  edges: [
    { id: "e1", source: "start", target: "fetch" }, { id: "e2", source: "fetch", target: "shape" },
    { id: "e3", source: "shape", target: "send" }, { id: "e4", source: "start", target: "note" },
  ],
};

const changed = (change) => {
  const present = structuredClone(DOCUMENT);
  change(present, Object.fromEntries(present.nodes.map((node) => [node.id, node.data])));
  return [...staleNodes(DOCUMENT, present)].sort();
};

test("nothing is stale when nothing changed", () => assert.deepEqual(changed(() => {}), []));

test("a changed parameter makes the step and everything behind it stale", () => {
  assert.deepEqual(changed((_, data) => { data.fetch.properties.url = "https://b"; }), ["fetch", "send", "shape"]);
});

test("settings, credentials and being switched off count too", () => {
  assert.deepEqual(changed((_, data) => { data.send.settings = { retry: true }; }), ["send"]);
  assert.deepEqual(changed((_, data) => { data.send.credentials = { account: "c1" }; }), ["send"]);
  assert.deepEqual(changed((_, data) => { data.note.disabled = true; }), ["note"]);
});

test("place, notes, pinned items, the order of keys and spelt-out defaults do not count", () => {
  assert.deepEqual(changed((present, data) => {
    present.nodes[1].position = { x: 500, y: 500 };
    data.fetch.notes = "Mind the limit";
    data.fetch.pinned = [{ n: 1 }];
    data.fetch.properties = { method: "GET", url: "https://a" };
    Object.assign(data.send, { properties: {}, settings: {}, credentials: {}, disabled: false });
    for (const edge of present.edges) Object.assign(edge, { id: `x${edge.id}`, sourceHandle: null });
  }), []);
});

test("a step that gets its items from elsewhere is stale", () => {
  assert.deepEqual(changed((present) => { present.edges.pop(); }), ["note"]);
  assert.deepEqual(changed((present) => { present.edges[1].sourceHandle = "error"; }), ["send", "shape"]);
});

test("what follows a new step is stale", () => {
  assert.deepEqual(changed((present) => {
    present.nodes.push({ id: "new", type: "wait", data: { label: "Wait" } });
    present.edges.push({ id: "e5", source: "new", target: "send" });
  }), ["new", "send"]);
});

test("a renamed step is not stale, nor are the expressions that follow its name", () => {
  assert.deepEqual(changed((_, data) => {
    data.fetch.label = "It's here";
    data.shape.properties.fields[0].value = "={{ $('It's here').item.json.n }}";
  }), []);
  assert.deepEqual(changed((_, data) => {
    data.fetch.label = "Get";
    data.shape.properties.fields[0].value = "={{ $('Get').item.json.other }}";
  }), ["send", "shape"]);
});

test("a new name may hold what replacements give a meaning to", () => {
  assert.deepEqual(changed((_, data) => {
    data.fetch.label = "Cost in $& and $1";
    data.shape.properties.fields[0].value = "={{ $('Cost in $& and $1').item.json.n }}";
  }), []);
});

test("a loop is marked once all around", () => {
  const loop = { nodes: ["a", "b"].map((id) => ({ id, type: "no-op", data: {} })), edges: [{ source: "a", target: "b" }, { source: "b", target: "a" }] };
  const present = structuredClone(loop);
  present.nodes[1].data.disabled = true;
  assert.deepEqual([...staleNodes(loop, present)].sort(), ["a", "b"]);
});
