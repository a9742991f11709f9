// How history names what was changed.
import assert from "node:assert/strict";
import test from "node:test";
import { parameterName } from "../../flowstudio/components/studio/parameter_name.js";

const FIELDS = [
  { name: "url", title: "URL" },
  { name: "conditions", title: "Conditions", fields: [{ name: "right", title: "Compare with" }, { name: "rules", fields: [{ name: "left", title: "Value" }] }] },
];

test("a parameter has the title of its field", () => {
  assert.equal(parameterName("url", FIELDS), "URL");
});

test("an entry of a list has its number and its own field's title", () => {
  assert.equal(parameterName("conditions[0].right", FIELDS), "Conditions 1, Compare with");
  assert.equal(parameterName("conditions[11].rules[1].left", FIELDS), "Conditions 12, rules 2, Value");
});

test("what no field names stays as it is", () => {
  assert.equal(parameterName("headers.x", FIELDS), "headers, x");
  assert.equal(parameterName("constructor"), "constructor");
});
