// Fields that an expression names and the data lack.
import assert from "node:assert/strict";
import { test } from "node:test";
import { strayField } from "../../flowstudio/components/studio/stray.js";

const world = {
  json: { status: "paid", customer: { name: "Ada", "first order": 3 }, tags: ["new"], n: null },
  nodes: [{ label: "Read orders", json: { total: 12 } }],
};

for (const [text, expected] of [
  ["={{ $json.statsu }}", { name: "statsu", near: "status" }],
  ["={{ $json.Status }}", { name: "Status", near: "status" }],
  ["={{ $json.customer.nmae.toUpperCase() }}", { name: "nmae", near: "name" }],
  ["={{ $json.customer['first oder'] }}", { name: "first oder", near: "first order" }],
  ["={{ $json.colour }}", { name: "colour", near: null }],
  ["=Dear {{ $json.customer.name }}, {{ $json.totl }}", { name: "totl", near: null }],
  ["={{ $('Read orders').item.json.totl }}", { name: "totl", near: "total" }],
  ["={{ $input.item.json.staus }}", { name: "staus", near: "status" }],
  ["={{ $json.status }}", null],
  ["={{ $json.status.toUpperCase() }}", null],
  ["={{ $json.keys() }}", null],
  ["={{ $json.tags[0] }}", null],
  ["={{ $json.tags.length }}", null],
  ["={{ $json.n.anything }}", null],
  ["={{ $json.colour ?? 'red' }}", null],
  ["={{ $json.colour?.length }}", null],
  ["={{ $json.colour.isEmpty() }}", null],
  ["={{ $('Unknown').item.json.a }}", null],
  ["={{ my.$json.colour }}", null],
  ["$json.colour without braces", null],
]) test(text, () => assert.deepEqual(strayField(text, world), expected));
