import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPRESSION, accessor, baseOf, carry, expressionOf, pathText } from "../../flowstudio/components/studio/paths.js";

test("a path becomes the accessors of JavaScript", () => {
  assert.equal(accessor(["customer", "name"]), ".customer.name");
  assert.equal(accessor(["lines", 0, "sku"]), ".lines[0].sku");
  assert.equal(accessor(["first name", "a-b", "1st", ""]), '["first name"]["a-b"]["1st"][""]');
  assert.equal(accessor(['say "hi"', "back\\slash"]), '["say \\"hi\\""]["back\\\\slash"]');
  assert.equal(pathText(["customer", "name"]), "customer.name");
});

test("an expression starts from the own input or names the earlier step", () => {
  assert.equal(expressionOf(baseOf(), ["id"]), "$json.id");
  assert.equal(expressionOf(baseOf("Load orders"), ["id"]), "$('Load orders').item.json.id");
  const label = "It's a \\ name";
  const named = new Function("$", `return ${expressionOf(baseOf(label), ["a b"])};`);
  assert.equal(named((name) => ({ item: { json: { "a b": name } } })), label);
});

test("what is dragged is the bare expression, and text with braces", () => {
  const held = {};
  carry({ setData: (kind, text) => { held[kind] = text; } }, "$json.id");
  assert.deepEqual(held, { [EXPRESSION]: "$json.id", "text/plain": "{{ $json.id }}" });
});
