// The Markdown of notes: what it knows, and what never gets through.
import assert from "node:assert/strict";
import test from "node:test";
import { blocks, safeLink, spans } from "../../flowstudio/components/studio/markdown.js";

test("blocks: headings, paragraphs, lists, quotes, code, rules", () => {
  assert.deepEqual(blocks("# Title\ntext\nmore\n\n- a\n- b\n  goes on\n\n3. c\n4. d\n\n> said\n> so\n\n---\n```js\n# no *heading*\n```").map(({ kind, ...rest }) => [kind, rest]), [
    ["heading", { level: 1, text: "Title" }],
    ["paragraph", { lines: ["text", "more"] }],
    ["list", { ordered: false, start: 1, items: ["a", "b goes on"] }],
    ["list", { ordered: true, start: 3, items: ["c", "d"] }],
    ["quote", { lines: ["said", "so"] }],
    ["rule", {}],
    ["code", { text: "# no *heading*" }],
  ]);
});

test("spans: bold, italic, struck, code and links", () => {
  assert.deepEqual(spans("a **b** *c* ~~d~~ `e*` [f](https://x.y) https://z.example/a.").map(({ kind, text, href }) => [kind, text, href].filter(Boolean)), [
    ["text", "a "], ["bold", "b"], ["text", " "], ["italic", "c"], ["text", " "], ["strike", "d"], ["text", " "], ["code", "e*"], ["text", " "],
    ["link", "f", "https://x.y"], ["text", " "], ["link", "https://z.example/a", "https://z.example/a"], ["text", "."],
  ]);
  assert.deepEqual(spans("snake_case_name and 2 * 3 * 4"), [{ kind: "text", text: "snake_case_name and 2 * 3 * 4" }]);
});

test("links that would run something or hide where they lead are only text", () => {
  for (const href of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/\\evil.example", " javascript:x"]) assert.equal(safeLink(href), null, href);
  assert.deepEqual(spans("[click](javascript:alert(1))")[0], { kind: "text", text: "click" });
  for (const href of ["https://a.b", "http://a.b", "mailto:a@b.c", "/workflows", "#here"]) assert.equal(safeLink(href), href);
});

test("HTML stays text, and odd input ends", () => {
  assert.deepEqual(blocks("<img src=x onerror=alert(1)>"), [{ kind: "paragraph", lines: ["<img src=x onerror=alert(1)>"] }]);
  assert.equal(spans("**a ".repeat(50_000)).length, 1);
  for (const text of ["", null, undefined, "```", "- ", "> ", "#", "*".repeat(500), "[".repeat(500), "`".repeat(99), `${"**a ".repeat(300)}`]) assert.ok(Array.isArray(blocks(text).map((block) => spans(block.text ?? block.lines?.join("\n") ?? ""))));
});
