// Parameters that a model fills in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askModel, asksModel } from "../../flowstudio/components/studio/from_ai.js";

test("a field asks for a value of its kind, with its help as what is meant", () => {
  assert.equal(askModel({ name: "url", title: "Address", kind: "url", help: "Where it's sent, such as `https://x`. More." }, "url"), "={{ $fromAI('url', 'Address: Where its sent, such as https://x.', 'string') }}");
  assert.equal(askModel({ name: "limit", kind: "number" }, "limit"), "={{ $fromAI('limit', 'limit', 'number') }}");
});

test("fields of different entries ask for different values", () => {
  const field = { name: "value", title: "Value", kind: "text", help: "" };
  assert.equal(askModel(field, "fields[0].value"), "={{ $fromAI('1_value', 'Value', 'string') }}");
  assert.notEqual(askModel(field, "fields[0].value"), askModel(field, "fields[1].value"));
});

test("what asks a model is recognised, and nothing else", () => {
  assert.ok(asksModel("={{ $fromAI('a') }}") && asksModel("=Dear {{ $fromai ('name') }}"));
  assert.ok(!asksModel("$fromAI('a')") && !asksModel("={{ $json.a }}") && !asksModel(3) && !asksModel(undefined));
});
