// Titles of lists, and one of what is in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { singular } from "../../flowstudio/components/studio/singular.js";

test("a plural is told as one of its kind", () => {
  assert.equal(singular("Conditions"), "condition");
  assert.equal(singular("Query parameters"), "query parameter");
  assert.equal(singular("Properties"), "property");
  assert.equal(singular("Batches"), "batch");
  assert.equal(singular("URLs"), "URL");
});

test("what is no plural stays untold", () => {
  assert.equal(singular("Data"), null);
  assert.equal(singular("Address"), null);
  assert.equal(singular("Status"), null);
});
