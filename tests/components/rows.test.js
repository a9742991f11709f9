import assert from "node:assert/strict";
import { test } from "node:test";
import { PIN_LIMIT, holds, pageOf, pieces, readRows, toCsv } from "../../flowstudio/components/studio/rows.js";

test("a list, one object and pasted items are read as rows", () => {
  assert.deepEqual(readRows('[{"a": 1}, {"a": 2}]').rows, [{ a: 1 }, { a: 2 }]);
  assert.deepEqual(readRows('{"a": 1}').rows, [{ a: 1 }]);
  assert.deepEqual(readRows('[{"json": {"a": 1}, "pairedItem": 0}]').rows, [{ a: 1 }]);
  assert.deepEqual(readRows('[{"json": {"a": 1}, "more": 2}]').rows, [{ json: { a: 1 }, more: 2 }], "that is data of somebody's own");
});

test("what cannot be rows is told apart", () => {
  assert.equal(readRows("{").problem, "json");
  assert.deepEqual(readRows('[{"a": 1}, 5]'), { problem: "shape", detail: 2 });
  assert.equal(readRows("null").problem, "shape");
  assert.equal(readRows(JSON.stringify({ text: "x".repeat(PIN_LIMIT) })).problem, "size");
});

test("a search looks at keys and values at every level, and keeps the places", () => {
  assert.ok(holds({ a: [{ Deep: "x" }] }, "deep"));
  assert.ok(holds({ a: [null, 12.5] }, "12.5"));
  assert.ok(!holds({ a: ["x"] }, "0"), "positions in a list are no keys");
  const page = pageOf([{ n: "one" }, { n: "two" }, { n: "ONE more" }], { offset: 0, limit: 50, search: "One" });
  assert.deepEqual(page, { items: [{ json: { n: "one" }, index: 0 }, { json: { n: "ONE more" }, index: 2 }], total: 3, found: 2 });
});

test("rows are cut into pages", () => {
  const rows = Array.from({ length: 120 }, (_, n) => ({ n }));
  const page = pageOf(rows, { offset: 100, limit: 50 });
  assert.equal(page.total, 120);
  assert.deepEqual(page.items.map(({ json }) => json.n), Array.from({ length: 20 }, (_, n) => n + 100));
});

test("what matches is marked", () => {
  assert.deepEqual(pieces("Lopez, lopez", "LOPEZ"), [["Lopez", true], [", ", false], ["lopez", true]]);
  assert.deepEqual(pieces("abc", ""), [["abc", false]]);
});

test("CSV quotes what it must, and keeps spreadsheets from calculating", () => {
  const rows = [
    { name: 'Ada "the first"', note: "a,b\nc", n: -1.5 },
    { name: "=1+1", list: [1, 2], ok: true, n: null },
    { name: "+49 30", note: "-x", n: "-12" },
  ];
  assert.equal(toCsv(rows), [
    "name,note,n,list,ok",
    '"Ada ""the first""","a,b\nc",-1.5,,',
    "'=1+1,,,\"[1,2]\",true",
    "'+49 30,'-x,-12,,",
    "",
  ].join("\r\n"));
});
