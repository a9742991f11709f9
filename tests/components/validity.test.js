// What is said about values while somebody types, and errors at their fields.
import assert from "node:assert/strict";
import test from "node:test";
import { errorsAt, failureOf, fault, parameterErrors, valueAt } from "../../flowstudio/components/studio/validity.js";

const key = (field, value) => fault({ title: "It", ...field }, value)?.key ?? null;

test("a required value that is missing is named", () => {
  assert.deepEqual(fault({ name: "url", title: "URL", kind: "text", required: true }, ""), { key: "form.needed", values: { title: "URL" } });
  assert.equal(key({ kind: "list", required: true }, []), "form.needs_entry");
  assert.equal(key({ kind: "text", required: true }, "x"), null);
  assert.equal(key({ kind: "text" }, ""), null);
  assert.equal(key({ kind: "boolean", required: true }, false), null);
  assert.equal(key({ kind: "number", required: true }, 0), null);
});

test("numbers keep to their bounds", () => {
  assert.equal(key({ kind: "number" }, "abc"), "form.not_number");
  assert.equal(key({ kind: "number", integer: true }, 1.5), "form.not_whole");
  assert.equal(key({ kind: "number", minimum: 1 }, 0), "form.at_least");
  assert.equal(key({ kind: "number", maximum: 5 }, 6), "form.at_most");
  assert.equal(key({ kind: "number", above: 0 }, 0), "form.above");
  assert.equal(key({ kind: "number", below: 1 }, 1), "form.below");
  assert.equal(key({ kind: "number", minimum: 1, maximum: 5, integer: true }, 5), null);
  assert.equal(key({ kind: "number" }, "={{ $json.n }}"), null);
});

test("JSON, addresses, dates and schedules are read", () => {
  assert.equal(key({ kind: "json" }, "{a:1}"), "form.invalid_json");
  assert.equal(key({ kind: "json" }, '{"a":1}'), null);
  assert.equal(key({ kind: "json" }, { a: 1 }), null);
  assert.equal(key({ kind: "url" }, "example.com"), "form.invalid_url");
  assert.equal(key({ kind: "url" }, "https://example.com/a b"), null);
  assert.equal(key({ kind: "date-time" }, "2026-13-01T00:00"), "form.invalid_date");
  assert.equal(key({ kind: "date-time" }, "2026-01-31T09:30:00+02:00"), null);
  assert.equal(key({ kind: "cron" }, "30 9 * * 1-5"), null);
  assert.equal(key({ kind: "cron" }, "30 9 * *"), "form.invalid_cron");
});

test("an error stands at its field, or at the nearest one around it", () => {
  const errors = parameterErrors([
    { path: "nodes[2].data.properties.fields[0].value", message: "'It's': me': Fields 1, Value refers to 'X'.", node: "2" },
    { path: "nodes[2].data.credentials.account", message: "no", node: "2" },
  ], { message: "URL must not be empty.", detail: { parameter: "url" } });
  assert.deepEqual(errors.map(({ path, source }) => [path, source]), [["fields[0].value", "problem"], ["url", "run"]]);
  assert.equal(errorsAt(errors, "fields[0].value", true).length, 1);
  assert.equal(errorsAt(errors, "fields", false).length, 0);
  assert.equal(errorsAt(errors, "fields", true).length, 1);
  assert.equal(errorsAt(errors, "field", true).length, 0);
  assert.equal(errorsAt(errors, "url", true)[0].message, "URL must not be empty.");
  assert.deepEqual(parameterErrors([], { message: "no", detail: { line: 3 } }), []);
  assert.equal(parameterErrors([{ path: "nodes[0].data.properties.url", message: "'Fetch': URL is required." }])[0].message, "URL is required.");
});

test("a failure belongs to the step whose parameter caused it", () => {
  const error = { code: "expression", message: "'Model': Key: no such thing", detail: { parameter: "key", node: "m" } };
  const states = { agent: { status: "error", error }, other: { status: "success", error: null } };
  assert.equal(failureOf(states, "m"), error);
  assert.equal(failureOf(states, "agent"), undefined);
  assert.equal(parameterErrors([], error)[0].message, "no such thing");
  const own = { code: "node", message: "no", detail: null };
  assert.equal(failureOf({ a: { error: own } }, "a"), own);
});

test("the value at the path of a field is found", () => {
  assert.equal(valueAt({ fields: [{ value: "a" }, { value: "b" }] }, "fields[1].value"), "b");
  assert.equal(valueAt({}, "fields[1].value"), undefined);
  assert.equal(valueAt({ url: "x" }, "url"), "x");
});
