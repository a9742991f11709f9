// Fixed values, expressions, and data that is put into them.
import assert from "node:assert/strict";
import test from "node:test";
import { asCode, insertIntoExpression, inserted, toExpression, toFixed } from "../../flowstudio/components/studio/insertion.js";

test("a fixed value becomes an expression that gives the same", () => {
  assert.equal(toExpression("Hello", "text"), "=Hello");
  assert.equal(toExpression("", "text"), "=");
  assert.equal(toExpression(3, "number"), "={{ 3 }}");
  assert.equal(toExpression(false, "boolean"), "={{ false }}");
  assert.equal(toExpression("GET", "choice"), '={{ "GET" }}');
  assert.equal(toExpression([{ a: 1 }], "list"), '={{ [{"a":1}] }}');
  assert.equal(toExpression(null, "number"), "=");
  assert.equal(toExpression("={{ 1 }}", "number"), "={{ 1 }}");
});

test("an expression becomes a fixed value where that can be told", () => {
  assert.equal(toFixed("=Hello", "text", ""), "Hello");
  assert.equal(toFixed("={{ 3 }}", "number", 1), 3);
  assert.deepEqual(toFixed('={{ [{"a":1}] }}', "list", []), [{ a: 1 }]);
  assert.equal(toFixed("={{ $json.a }}", "text", "x"), "x");
  assert.equal(toFixed("=a {{ $json.a }}", "text", ""), "");
  assert.equal(toFixed("=", "number", 7), 7);
  for (const value of ["Hello", "", 3, true, [1], { a: 1 }]) assert.deepEqual(toFixed(toExpression(value, typeof value === "string" ? "text" : "any"), "text", ""), value);
});

test("data that is dropped makes the expression", () => {
  assert.equal(inserted("", "text", "$json.a").text, "={{ $json.a }}");
  assert.equal(inserted(null, "number", "$json.a").text, "={{ $json.a }}");
  assert.equal(inserted(5, "number", "$json.a").text, "={{ $json.a }}");
  assert.equal(inserted("GET", "choice", "$json.a").text, "={{ $json.a }}");
  assert.equal(inserted(["a"], "list", "$json.a").text, "={{ $json.a }}");
  assert.equal(inserted("Dear , hello", "text", "$json.name", 5).text, "=Dear {{ $json.name }}, hello");
  assert.equal(inserted("Dear ", "text", "$json.name").text, "=Dear {{ $json.name }}");
  assert.equal(inserted("=Dear ", "text", "$json.name").text, "=Dear {{ $json.name }}");
});

test("within braces no braces are added, and the caret ends behind what was put in", () => {
  const value = "={{ $json.a +  }} done";
  assert.deepEqual(insertIntoExpression(value, 14, "$json.b"), { text: "={{ $json.a + $json.b }} done", caret: 21 });
  assert.equal(insertIntoExpression("={{ 1 }}", 8, "$json.b").text, "={{ 1 }}{{ $json.b }}");
  assert.equal(insertIntoExpression("={{ 1 }}", 0, "$json.b").text, "={{ $json.b }}{{ 1 }}");
  assert.equal(insertIntoExpression("={{ ", 4, "$json.b").text, "={{ $json.b");
});

test("code names data as its language does", () => {
  assert.equal(asCode("$json.a", "javascript"), "$json.a");
  assert.equal(asCode("$('A').item.json.$b", "python"), "_('A').item.json.$b");
  assert.equal(asCode("$json['$x']", "python"), "_json['$x']");
});
