// Templates: what a search finds, which steps of a setup are done, and how the small picture is drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDone, matching } from "../../flowstudio/components/templates/matching.js";
import { TILE, lines, outline } from "../../flowstudio/components/templates/outline.js";
import { below } from "../../flowstudio/components/transfer/inserting.js";
import { fromFiles, readAll, stepsOf } from "../../flowstudio/components/transfer/reading.js";

const node = (id, data = {}, position = { x: 0, y: 0 }, type = "code") => ({ id, type, position, data });
const template = (title, category, needs, ...nodes) => ({ title, purpose: `${title}.`, about: "", category, needs, document: { nodes, edges: [] } });

const all = [
  template("Restock list", "Operations", "nothing", node("a", { label: "Low" })),
  template("Weather", "Notifications", "internet"),
  template("Slack alert", "Notifications", "account", node("b", { label: "Post to Slack" })),
];
const titles = (filter) => matching(all, filter).map(({ title }) => title);

test("a search finds words of the title, the purpose and the steps, in any order", () => {
  assert.deepEqual(titles({ search: "list RESTOCK" }), ["Restock list"]);
  assert.deepEqual(titles({ search: "post" }), ["Slack alert"]);
  assert.deepEqual(titles({ search: "nowhere" }), []);
});

test("a category and the wish for no account narrow the list together", () => {
  assert.deepEqual(titles({ category: "Notifications" }), ["Weather", "Slack alert"]);
  assert.deepEqual(titles({ category: "Notifications", easy: true }), ["Weather"]);
  assert.deepEqual(titles({ easy: true }), ["Restock list", "Weather"]);
});

const made = template("T", "Data", "account", node("a", { properties: { url: "https://old.example", rows: [1] } }));
const facts = (data, more) => ({ find: (id) => (id === "a" ? data : undefined), ran: false, active: false, ...more });
const check = (kind, more) => ({ text: "Do it", node: "a", check: { kind, ...more } });

test("a credential is chosen, or not", () => {
  const step = check("credential", { slot: "account" });
  assert.equal(isDone(step, made, facts({ credentials: {} })), false);
  assert.equal(isDone(step, made, facts({})), false);
  assert.equal(isDone(step, made, facts({ credentials: { account: "c1" } })), true);
});

test("a parameter counts as filled in when it is no longer the template's and not empty", () => {
  const step = check("changed", { property: "url" });
  assert.equal(isDone(step, made, facts({ properties: { url: "https://old.example" } })), false);
  assert.equal(isDone(step, made, facts({ properties: { url: "" } })), false);
  assert.equal(isDone(step, made, facts({ properties: {} })), false);
  assert.equal(isDone(step, made, facts({ properties: { url: "https://mine.example" } })), true);
  const rows = check("changed", { property: "rows" });
  assert.equal(isDone(rows, made, facts({ properties: { rows: [1] } })), false);
  assert.equal(isDone(rows, made, facts({ properties: { rows: [2] } })), true);
});

test("a step of a node that was deleted is not done; a run and being active are", () => {
  assert.equal(isDone({ ...check("changed", { property: "url" }), node: "gone" }, made, facts({})), false);
  assert.equal(isDone(check("run"), made, facts({}, { ran: true })), true);
  assert.equal(isDone(check("active"), made, facts({}, { active: true })), true);
  assert.equal(isDone({ text: "By hand", node: null, check: null }, made, facts({}, { ran: true, active: true })), false);
});

const ports = { inputs: [{ id: "main" }], outputs: [{ id: "true" }, { id: "false" }] };
const drawn = (document, options) => outline(document, { portsOf: () => ports, sizeOf: () => [216, 64], ...options });

test("a picture has a tile for each step, none for notes, and all of it is inside", () => {
  const document = {
    nodes: [node("a"), node("b", {}, { x: 368, y: 144 }), node("note", {}, { x: 0, y: -900 }, "sticky-note")],
    edges: [{ source: "a", target: "b", sourceHandle: "false" }, { source: "a", target: "gone" }],
  };
  for (const names of [false, true]) {
    const { tiles, links, box } = drawn(document, { names });
    assert.deepEqual(tiles.map(({ id }) => id), ["a", "b"]);
    assert.equal(links.length, 1);
    for (const { x, y } of tiles) {
      assert.ok(x - TILE / 2 >= box.x && x + TILE / 2 <= box.x + box.width);
      assert.ok(y - TILE / 2 >= box.y && y + TILE / 2 <= box.y + box.height);
    }
    assert.ok(tiles[1].x - tiles[0].x > TILE, "neighbours do not touch");
  }
});

test("a connection that leads back goes around below", () => {
  const document = { nodes: [node("a"), node("b", {}, { x: 368, y: 0 })], edges: [{ source: "b", target: "a" }] };
  assert.match(drawn(document).links[0].path, /V\d+(\.\d+)?H/);
});

test("an empty document has a picture too", () => {
  const { tiles, box } = drawn({});
  assert.deepEqual([tiles, box.width > 0, box.height > 0], [[], true, true]);
});

test("a long name goes on two lines and ends there", () => {
  assert.deepEqual(lines("Orders"), ["Orders"]);
  assert.deepEqual(lines("Which repository"), ["Which", "repository"]);
  assert.ok(lines("A name that has very many words in it").every((line) => line.length <= 17));
});

test("files are read one by one, and one that cannot be read does not spoil the others", async () => {
  const files = [
    { name: "good.json", size: 10, text: async () => "good" },
    { name: "bad.json", size: 10, text: async () => "bad" },
    { name: "huge.json", size: 9e6, text: async () => assert.fail("a huge file is not read at all") },
  ];
  const read = async ({ text }) => {
    if (text === "bad") throw new Error("This is not a workflow.");
    return { documents: [{ document: { name: "One", nodes: [] }, format: "n8n", remarks: [] }, { document: { name: "Two", nodes: [] }, format: "n8n", remarks: [] }] };
  };
  const { found, failures } = await readAll(fromFiles(files, "Too large."), read);
  assert.deepEqual(found.map(({ source, document }) => [source, document.name]), [["good.json", "One"], ["good.json", "Two"]]);
  assert.equal(new Set(found.map(({ key }) => key)).size, 2);
  assert.deepEqual(failures, [{ source: "bad.json", message: "This is not a workflow." }, { source: "huge.json", message: "Too large." }]);
});

test("notes are not counted as steps", () => {
  assert.equal(stepsOf({ nodes: [node("a"), node("n", {}, undefined, "sticky-note")] }), 1);
  assert.equal(stepsOf({}), 0);
});

test("an imported workflow goes below what is there, with the connections that have both ends", () => {
  const document = {
    nodes: [{ id: "a", type: "code", position: { x: -500, y: -40 } }, { id: "b", type: "code" }],
    edges: [{ source: "a", target: "b" }, { source: "constructor", target: "b" }],
  };
  const present = [node("x", {}, { x: 32, y: 0 }), { ...node("y", {}, { x: 400, y: 96 }), measured: { width: 216, height: 90 } }];
  const { nodes, edges } = below(document, present);
  assert.deepEqual(edges, [{ source: "a", target: "b" }]);
  assert.deepEqual(nodes.map(({ position }) => position), [{ x: 32, y: 298 }, { x: 532, y: 338 }]);
  assert.deepEqual(nodes[1].data, {});
  assert.deepEqual(below(document, []).nodes[0].position, { x: -500, y: -40 });
});
