// Which advice goes with which failure.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { remedyOf, technical } from "../../flowstudio/components/studio/remedies.js";

const texts = JSON.parse(readFileSync(new URL("../../flowstudio/components/texts/en/failure.json", import.meta.url)));
const CASES = [
  [{ code: "node", message: "… answered 404", detail: { status: 404 } }, "http_404"],
  [{ code: "node", message: "… answered 401", detail: { status: 401 } }, "http_401"],
  [{ code: "node", message: "… answered 418", detail: { status: 418 } }, "http_4xx"],
  [{ code: "node", message: "… answered 503", detail: { status: 503 } }, "http_5xx"],
  [{ code: "node", message: "http://a cannot be reached: nothing answers there." }, "unreachable"],
  [{ code: "code", message: "KeyError: 'name'", detail: { line: 1 } }, "code_field"],
  [{ code: "code", message: "TypeError: cannot read property 'first' of undefined", detail: { line: 1 } }, "code_field"],
  [{ code: "code", message: "SyntaxError: '{' was never closed", detail: { line: 1 } }, "code_syntax"],
  [{ code: "code", message: "ValueError: odd", detail: { line: 3 } }, "code"],
  [{ code: "expression", message: "Fields 1: There is no node 'Nope' before this one" }, "expression_node"],
  [{ code: "expression", message: "Fields 1: Invalid syntax" }, "expression"],
  [{ code: "credential", message: "No credential is chosen." }, "credential"],
  [{ code: "node", message: "The workflow 'B' failed: no", detail: { execution: "x" } }, "called"],
  [{ code: "node", message: "The coffee is out." }, null],
  [{ code: "model", message: "OpenAI has no model 'gpt-9' for this account. …", detail: { kind: "unknown_model", status: 404 } }, null],
  [{ code: "outbound_refused", message: "Workflows may not call …" }, null],
];

for (const [error, remedy] of CASES) {
  test(`${error.message} → ${remedy}`, () => {
    assert.equal(remedyOf(error), remedy);
    assert.ok(remedy === null || texts[remedy]);
  });
}

test("technical details name what is known, and are missing when nothing is", () => {
  assert.equal(technical({ code: "code", detail: { line: 3, stdout: "" } }), "code: code\nline: 3");
  assert.equal(technical({ code: "node", detail: null }), "");
});
