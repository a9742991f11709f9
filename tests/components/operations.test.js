// Operations: applied like the server applies them, taken back, merged, derived from two documents.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apply, difference, inverse, merged, same } from "../../flowstudio/components/studio/operations.js";
import { randomBatch, randomDocument, seeded, unordered } from "./documents.js";

const cases = JSON.parse(readFileSync(new URL("./operations.json", import.meta.url), "utf-8"));

for (const { name, document, operations, result } of cases) {
  test(`as on the server: ${name}`, () => {
    const before = structuredClone(document);
    assert.deepEqual(apply(document, operations), result);
    assert.deepEqual(document, before, "the given document stays as it is");
  });
}

test("taking a batch back gives the document before it", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const document = randomDocument(random);
    const operations = randomBatch(random, document);
    const back = inverse(document, operations);
    const restored = apply(apply(document, operations), back);
    assert.deepEqual(unordered(restored), unordered(document), `seed ${seed}`);
    assert.deepEqual(restored.edges.map(({ id }) => id), document.edges.map(({ id }) => id), `seed ${seed}: the order of edges`);
  }
});

test("two batches of values and places are one with the last word for each", () => {
  const document = randomDocument(seeded(5));
  const first = [{ kind: "set", node: "n1", path: ["label"], value: "A" }, { kind: "move", to: { n1: { x: 1, y: 1 } } }];
  const second = [{ kind: "set", node: "n1", path: ["label"], value: "B" }, { kind: "set", node: "n2", path: ["notes"] }];
  const both = merged(first, second);
  assert.equal(both.length, 3);
  assert.deepEqual(apply(document, both), apply(apply(document, first), second));
});

test("what adds or deletes is not merged", () => {
  assert.equal(merged([{ kind: "del_nodes", ids: ["a"] }], [{ kind: "set", node: "b", path: ["label"], value: "B" }]), null);
});

/** The same connection may keep its id; the order of connections counts, as steps take their input in it. */
function connected(document) {
  const { edges, ...rest } = unordered(document);
  return { ...rest, edges: Object.values(edges).map(({ id: _, ...edge }) => JSON.stringify(Object.entries(edge).sort())) };
}

test("the difference of two documents leads from one to the other", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const before = randomDocument(random);
    const after = [1, 2, 3].reduce((document) => apply(document, randomBatch(random, document)), before);
    assert.deepEqual(connected(apply(before, difference(before, after))), connected(after), `seed ${seed}`);
  }
  const other = randomDocument(seeded(7));
  assert.deepEqual(difference(other, structuredClone(other)), []);
});

test("a node of another type under the same id is replaced", () => {
  const before = { nodes: [{ id: "a", type: "wait", data: { label: "W" } }, { id: "b", type: "code" }], edges: [{ id: "e", source: "a", target: "b" }] };
  const after = { ...before, nodes: [{ id: "a", type: "filter", data: { label: "F" } }, before.nodes[1]] };
  assert.deepEqual(unordered(apply(before, difference(before, after))), unordered(after));
});

test("a name such as __proto__ is a key like any other", () => {
  const document = { nodes: [{ id: "a", type: "code", data: {} }], edges: [] };
  const operation = JSON.parse('{"kind": "set", "node": "a", "path": ["properties", "__proto__"], "value": {"polluted": true}}');
  const after = apply(document, [operation]);
  assert.equal({}.polluted, undefined);
  assert.equal(JSON.stringify(after.nodes[0].data), '{"properties":{"__proto__":{"polluted":true}}}');
  assert.deepEqual(inverse(document, [operation]), [{ kind: "set", node: "a", path: ["properties", "__proto__"] }]);
});

test("values are the same whatever the order of their keys", () => {
  assert.ok(same({ a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] }));
  assert.ok(!same({ a: 1 }, { a: "1" }));
  assert.ok(!same({}, []));
  assert.ok(!same({ a: null }, { b: null }));
});
