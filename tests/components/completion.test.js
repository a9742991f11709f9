// What the expression editor offers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { brief, complete, operandBefore, resolve } from "../../flowstudio/components/studio/completion.js";
import { DATA_METHODS, LANGUAGE_METHODS } from "../../flowstudio/components/studio/methods.js";

const WORLD = {
  json: { name: "Ada", "full name": "Ada L", age: 36, tags: ["x"], address: { city: "Ulm", geo: { lat: 1 } }, list: [{ id: 7 }], when: null },
  nodes: [{ label: "Get it's", json: { total: 3 } }, { label: "Other", json: undefined }],
};
/** The choices at the bar in a text. */
const at = (text, world = WORLD) => complete(text.replace("|", ""), text.indexOf("|"), world);
const labels = (found) => found.options.map((option) => option.label);
const applied = (text) => {
  const found = at(text);
  const plain = text.replace("|", "");
  return found.options.map((option) => plain.slice(0, found.from) + option.apply + plain.slice(text.indexOf("|")));
};

test("fields of the real item come first, nested ones too", () => {
  assert.deepEqual(labels(at("$json.|")).slice(0, 7), ["name", "full name", "age", "tags", "address", "list", "when"]);
  assert.deepEqual(labels(at("$json.address.|")).slice(0, 2), ["city", "geo"]);
  assert.deepEqual(labels(at("$json?.address?.geo.l|"))[0], "lat");
  assert.deepEqual(labels(at("$json['address'].|")).slice(0, 2), ["city", "geo"]);
  assert.deepEqual(labels(at("$json.list[0].|"))[0], "id");
  assert.deepEqual(labels(at("$input.item.json.address.|"))[0], "city");
  assert.deepEqual(labels(at("$input.first().json.|"))[0], "name");
  assert.equal(at("$json.|").options[0].doc, '"Ada"');
});

test("names of steps are offered in all ways of asking for one, and quoted as they need", () => {
  assert.deepEqual(applied("$('|"), ["$('Get it\\'s'", "$('Other'"]);
  assert.deepEqual(applied("$(|"), ['$("Get it\'s"', '$("Other"']);
  assert.deepEqual(applied('$node["|'), ['$node["Get it\'s"', '$node["Other"']);
  assert.ok(labels(at("1 + |")).includes("$('Get it\\'s')"));
  assert.deepEqual(labels(at("$('Get it\\'s').item.json.|"))[0], "total");
  assert.ok(labels(at("$('Other').|")).includes("first()"));
});

test("methods follow the type of the value", () => {
  assert.ok(labels(at("$json.name.|")).includes("toTitleCase()"));
  assert.ok(labels(at("$json.name.|")).includes("toUpperCase()"));
  assert.ok(labels(at("$json.age.|")).includes("round(places)"));
  assert.ok(labels(at("$json.tags.|")).includes("first()"));
  assert.ok(labels(at("$json.tags.|")).includes("map(change)"));
  assert.ok(labels(at("$json.address.|")).includes("removeField(name)"));
  assert.ok(labels(at("$now.|")).includes("toFormat(pattern)"));
  assert.ok(labels(at("$now.toUTC().|")).includes("toFormat(pattern)"));
  assert.ok(!labels(at("$json.age.|")).includes("toTitleCase()"));
  assert.deepEqual(labels(at("$workflow.|")), ["id", "name", "active"]);
});

test("what only the server can tell is asked", () => {
  assert.equal(at("$json.name.toUpperCase().|").ask, "$json.name.toUpperCase()");
  assert.equal(at("a + $json.tags.map(t => t.id).|").ask, "$json.tags.map(t => t.id)");
  assert.equal(at("[1, 2].|").ask, "[1, 2]");
  assert.equal(at("$json.missing.|").ask, "$json.missing");
});

test("keys in brackets are offered in their quotes", () => {
  assert.ok(applied("$json['|").includes("$json['full name'"));
  assert.ok(applied('$json["f|').includes('$json["full name"'));
});

test("nothing is offered within a text or behind a number", () => {
  assert.equal(at("'see $json.|"), null);
  assert.equal(at("12.|"), null);
});

test("the operand before a dot is found from right to left", () => {
  for (const [code, operand] of [
    ["1 + $json.a", "$json.a"], ["f($json.a)", "f($json.a)"], ["x ? $('a b').item", "$('a b').item"], ["[...$input.all()", "$input.all()"],
    ["$json['a.b']", "$json['a.b']"], ["$json?.a?.['b']", "$json?.a?.['b']"], ["'text'", "'text'"], ["a && (b + c)", "(b + c)"], ["f(')').x", "f(')').x"], ["", ""], ["(", ""], ["a)", ""],
  ]) assert.equal(operandBefore(code, code.length), operand, code);
});

test("data is told in a few letters", () => {
  assert.equal(brief({ a: 1 }), '{"a":1}');
  assert.equal(brief("x".repeat(100)).length, 60);
  assert.equal(resolve("$json.missing", WORLD), null);
});

test("every data method of the engine is described, with its type, and no other", () => {
  const source = readFileSync(new URL("../../flowstudio/sandbox/prelude/extensions.js", import.meta.url), "utf8");
  const now = new Date();
  const parts = { dates: { $now: now, DateTime: new Proxy({}, { get: () => () => ({ isValid: false }) }) }, intl: Intl };
  const extend = (0, eval)(source)({ digest: () => "x" }, (name) => parts[name], {});
  const described = new Set(Object.values(DATA_METHODS).flat().map((entry) => entry.name));
  described.add("length");
  assert.deepEqual([...described].sort(), extend.names);
  const samples = { string: "text", number: 4, boolean: true, array: [1], object: { a: 1 }, date: now };
  for (const [type, entries] of Object.entries(DATA_METHODS)) {
    for (const { name, doc } of entries) {
      assert.ok(doc.length > 3);
      try {
        extend(samples[type], name, [], false);
      } catch (error) {
        assert.doesNotMatch(error.message, /cannot be used on/, `${type}.${name}`);
      }
    }
  }
});

test("what JavaScript is said to bring is there", () => {
  const samples = { string: "text", number: 4, boolean: true, array: [1] };
  for (const [type, sample] of Object.entries(samples)) for (const { name } of LANGUAGE_METHODS[type]) assert.ok(sample[name] !== undefined, `${type}.${name}`);
});
