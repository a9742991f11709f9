// Finding steps and list entries by what is typed.
import assert from "node:assert/strict";
import test from "node:test";
import { rank, searchNodes } from "../../flowstudio/components/studio/searching.js";

const NODES = [
  { id: "1", data: { type: "http-request", label: "Load orders", properties: { url: "https://shop.example/orders?region=eu", headers: [{ name: "X-Key", value: "abc" }] } } },
  { id: "2", data: { type: "filter", label: "Región", properties: { conditions: [{ left: "={{ $json.paid }}", right: true }] } } },
  { id: "3", data: { type: "sticky-note", label: "", properties: { text: "Ask Ada about regions" } } },
];
const TYPES = { "http-request": "HTTP Request", filter: "Filter", "sticky-note": "Sticky note" };
const find = (typed) => searchNodes(NODES, typed, { labelOf: (node) => node.data.label || TYPES[node.data.type], typeOf: (node) => TYPES[node.data.type] });

test("names come first, then types, then values; accents do not matter", () => {
  assert.deepEqual(find("region").map(({ id, where }) => [id, where]), [["2", "name"], ["1", "url"], ["3", "text"]]);
  assert.deepEqual(find("http").map(({ id, where }) => [id, where]), [["1", "type"]]);
});

test("values deep inside parameters are found, and where they stand is said", () => {
  assert.deepEqual(find("abc").map(({ id, where, text }) => [id, where, text]), [["1", "headers 1 value", "abc"]]);
  assert.deepEqual(find("paid").map(({ where }) => where), ["conditions 1 left"]);
});

test("all words must be there; nothing typed finds nothing", () => {
  assert.deepEqual(find("load region").map(({ id }) => id), []);
  assert.deepEqual(find("ask regions").map(({ id }) => id), ["3"]);
  assert.deepEqual(find("   "), []);
});

test("long values are cut around the hit", () => {
  const long = [{ id: "9", data: { type: "filter", label: "F", properties: { code: `${"x".repeat(200)} needle ${"y".repeat(200)}` } } }];
  const [hit] = searchNodes(long, "needle", { labelOf: () => "F", typeOf: () => "Filter" });
  assert.match(hit.text, /^….*needle.*…$/);
  assert.ok(hit.text.length < 100);
});

test("entries are ranked: a beginning before a word's beginning before the middle", () => {
  const entries = ["Merge", "Split and merge", "Emerge", "Filter"].map((label) => ({ label }));
  assert.deepEqual(rank(entries, "merge").map(({ label }) => label), ["Merge", "Split and merge", "Emerge"]);
  assert.deepEqual(rank([{ label: "Add Filter", also: "filter keep" }, { label: "Keep" }], "keep").map(({ label }) => label), ["Keep", "Add Filter"]);
  assert.equal(rank(entries, "").length, 4);
});
