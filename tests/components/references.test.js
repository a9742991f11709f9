// Renaming a step, and everything that names it.
import assert from "node:assert/strict";
import test from "node:test";
import { quote, renameNode, renaming, templateParts, unquote } from "../../flowstudio/components/studio/references.js";

const FIELDS = {
  code: [{ name: "language", kind: "choice" }, { name: "code", kind: "code", language: "javascript" }],
  http: [{ name: "next", kind: "code", language: "expression" }, { name: "rows", kind: "list", fields: [{ name: "value", kind: "code", language: "expression" }] }],
};
const fieldsOf = (type) => FIELDS[type] ?? [];
const step = (id, properties, type = "any") => ({ id, type, data: { label: id, properties } });
const renamed = (text, before, after, type = "any", more = {}) => {
  const operations = renaming({ nodes: [step("n", { ...more, code: text }, type)] }, "x", before, after, fieldsOf);
  return operations.find((operation) => operation.node === "n")?.value ?? text;
};

test("every way of naming a step follows it", () => {
  for (const [before, after] of [
    ["={{ $('Old').item.json.a }}", "={{ $('New').item.json.a }}"],
    ['={{ $("Old").first() }}', '={{ $("New").first() }}'],
    ["={{ $(`Old`).all() }}", "={{ $(`New`).all() }}"],
    ["={{ $( 'Old' ).all() }}", "={{ $( 'New' ).all() }}"],
    ['={{ $node["Old"].json }}', '={{ $node["New"].json }}'],
    ["={{ $node?.['Old']?.json }}", "={{ $node?.['New']?.json }}"],
    ["={{ $node.Old.json }}", "={{ $node.New.json }}"],
    ['={{ $items("Old")[0] }}', '={{ $items("New")[0] }}'],
    ['={{ $items("Old", 0, 1) }}', '={{ $items("New", 0, 1) }}'],
    ["={{ [...$('Old').all()] }} and {{ $('Old').first().json }}", "={{ [...$('New').all()] }} and {{ $('New').first().json }}"],
    ["={{ {a: {b: $('Old').item}} }}", "={{ {a: {b: $('New').item}} }}"],
    ["={{ '}}' + $('Old').item.json.a }}", "={{ '}}' + $('New').item.json.a }}"],
    ["={{ $('Old').item", "={{ $('New').item"],
  ]) assert.equal(renamed(before, "Old", "New"), after);
});

test("a literal that names no character hinders no renaming", () => {
  assert.equal(unquote("'\\u{41}\\u{ffffff}'"), "A\ufffd");
  const text = "={{ $('\\u{ffffff}').item.json.a + $('Old').item.json.b }}";
  assert.equal(renamed(text, "Old", "New"), text.replace("Old", "New"));
});

test("what only looks like the name stays", () => {
  for (const text of [
    "={{ $('Older').item }}", "={{ $('old').item }}", "={{ jQuery$('Old') }}", "={{ a_$('Old') }}", "={{ $$('Old') }}", "={{ $node.Older.json }}",
    "={{ $('Old' + 1).item }}", "={{ $(`Old${1}`).item }}", "={{ 'Old' }}", "={{ $json.Old }}", "= $('Old') in plain text", "$('Old') without =", "=\\{{ $('Old') }}",
  ]) assert.equal(renamed(text, "Old", "New"), text);
});

test("odd names are read and written with their escapes", () => {
  const odd = ["It's", 'say "hi"', "back\\slash", "`tick`", "${x}", "naïve 😀", "日本", "$", "a$1b$&", "two\nlines", "__proto__", "x')//"];
  for (const name of odd) {
    for (const mark of ["'", '"', "`"]) {
      assert.equal(unquote(quote(name, mark)), name);
      assert.equal(renamed(`={{ $(${quote(name, mark)}).item }}`, name, "Plain"), `={{ $(${mark}Plain${mark}).item }}`);
      assert.equal(renamed(`={{ $(${mark}Plain${mark}).item }}`, "Plain", name), `={{ $(${quote(name, mark)}).item }}`);
    }
  }
  assert.equal(renamed("={{ $('It\\u0027s').item }}", "It's", "Its"), "={{ $('Its').item }}");
  assert.equal(renamed("={{ $node.Plain.json }}", "Plain", "Two words"), '={{ $node["Two words"].json }}');
  assert.equal(renamed("={{ $node?.Plain.json }}", "Plain", "It's"), '={{ $node?.["It\'s"].json }}');
});

test("code is rewritten in its language, other texts are not code", () => {
  assert.equal(renamed("const a = $('Old').all();", "Old", "New", "code"), "const a = $('New').all();");
  assert.equal(renamed('return _("Old").all() + _node["Old"]', "Old", "New", "code", { language: "python" }), 'return _("New").all() + _node["New"]');
  assert.equal(renamed("my_('Old')", "Old", "New", "code", { language: "python" }), "my_('Old')");
  assert.equal(renamed("const a = $('Old').all();", "Old", "New", "text"), "const a = $('Old').all();");
});

test("nested parameters are found, and only those that change are set", () => {
  const document = { nodes: [
    step("a", { same: "={{ $json.x }}", rows: [{ value: "={{ $('Old').item.json.x }}", other: 1 }], deep: { list: [["={{ $node['Old'].json }}"]] } }),
    step("h", { next: "$('Old').item.json.url", rows: [{ value: "$('Old').item" }], note: "$('Old')" }, "http"),
    step("b", { text: "={{ $('Other').item }}" }),
  ] };
  assert.deepEqual(renaming(document, "o", "Old", "New", fieldsOf), [
    { kind: "set", node: "o", path: ["label"], value: "New" },
    { kind: "set", node: "a", path: ["properties", "rows"], value: [{ value: "={{ $('New').item.json.x }}", other: 1 }] },
    { kind: "set", node: "a", path: ["properties", "deep"], value: { list: [["={{ $node['New'].json }}"]] } },
    { kind: "set", node: "h", path: ["properties", "next"], value: "$('New').item.json.url" },
    { kind: "set", node: "h", path: ["properties", "rows"], value: [{ value: "$('New').item" }] },
  ]);
});

test("a template is split at the braces that JavaScript means", () => {
  const codes = (text) => templateParts(text).filter((part) => part.code !== undefined).map((part) => part.code);
  assert.deepEqual(codes("a {{ 1 }} b {{ {a:{}} }} c"), [" 1 ", " {a:{}} "]);
  assert.deepEqual(codes("{{ '}}' }}"), [" '}}' "]);
  assert.deepEqual(codes("{{ it's }} and {{ 2 }}"), [" it's ", " 2 "]);
  assert.deepEqual(codes("\\{{ no }}"), []);
  assert.equal(templateParts("x {{ y").at(-1).closed, false);
});

test("renaming a step in a store is one batch, and a taken name gets a number", () => {
  const nodes = [step("a", {}), step("b", { text: "={{ $('a').item }}" }), step("c", {})].map((node) => ({ ...node, data: { ...node.data, type: node.type } }));
  const batches = [];
  const store = {
    nodes, node: (id) => nodes.find((node) => node.id === id), label: (node) => node.data.label, freeLabel: (label) => `${label} 2`,
    catalogue: { type: () => ({ label: "Any", fields: [] }) }, document: () => ({ nodes }), apply: (operations) => batches.push(operations),
  };
  assert.equal(renameNode(store, "a", " c "), "c 2");
  assert.deepEqual(batches, [[
    { kind: "set", node: "a", path: ["label"], value: "c 2" },
    { kind: "set", node: "b", path: ["properties", "text"], value: "={{ $('c 2').item }}" },
  ]]);
  assert.equal(renameNode(store, "a", "a"), "a");
  assert.equal(batches.length, 1);
  assert.equal(renameNode(store, "a", "  "), "Any");
});
