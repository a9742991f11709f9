import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, shapeOf } from "../../flowstudio/components/studio/shapes.js";

const field = (shape, name) => shape.fields.find((entry) => entry.name === name);

test("the fields of all items are merged, with what is not in every one", () => {
  const shape = shapeOf([{ id: 1, name: "Ada" }, { id: "two" }, { id: null, extra: true }]);
  assert.deepEqual(shape.fields.map((entry) => [entry.name, entry.missing]), [["id", false], ["name", true], ["extra", true]]);
  assert.deepEqual(field(shape, "id").shape.kinds, ["number", "string"]);
  assert.equal(field(shape, "id").shape.sample, 1);
});

test("a sample is something rather than nothing", () => {
  assert.equal(shapeOf([null, undefined, "x"]).sample, "x");
  assert.deepEqual(shapeOf([null]).kinds, ["null"]);
});

test("objects and lists show what is in them", () => {
  const shape = shapeOf([{ lines: [{ sku: "a" }, { sku: "b", price: 2 }] }, { lines: [] }]);
  const { entry, kinds } = field(shape, "lines").shape;
  assert.deepEqual(kinds, ["list"]);
  assert.deepEqual(entry.fields.map(({ name, missing }) => [name, missing]), [["sku", false], ["price", true]]);
});

test("names that objects have by birth are fields like any other", () => {
  const shape = shapeOf([JSON.parse('{"__proto__": 1, "constructor": 2}')]);
  assert.deepEqual(shape.fields.map((entry) => entry.name), ["__proto__", "constructor"]);
});

test("what is nested without end is cut", () => {
  let deep = { end: true };
  for (let level = 0; level < 500; level++) deep = { deep };
  let shape = shapeOf([deep]);
  let levels = 0;
  for (; shape?.fields; levels++) shape = shape.fields[0].shape;
  assert.ok(levels > 5 && levels < 50);
});

test("columns come in the order in which they turn up", () => {
  assert.deepEqual(columnsOf([{ b: 1 }, { a: 1, b: 2 }, null]), ["b", "a"]);
});
