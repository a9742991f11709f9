// What is wrong with a fixed value, before the server says so: {key, values} of a text, or null.
import { isExpression } from "./insertion.js";

const URL_START = /^(https?:\/\/[^\s/?#]+|\/(?!\/))/i; // with / begins what FlowStudio itself serves
const CRON = /^(\*|[\w?#,\-*/]+)$/;
const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

export const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

/** `title` is the field's, for the text. */
export function fault(field, value, title = field.title || field.name) {
  if (isEmpty(value)) return field.required ? { key: field.kind === "list" ? "form.needs_entry" : "form.needed", values: { title } } : null;
  if (isExpression(value)) return null;
  switch (field.kind) {
    case "number": return number(field, value);
    case "json": return typeof value === "string" && !parses(value) ? { key: "form.invalid_json" } : null;
    case "url": return URL_START.test(value) ? null : { key: "form.invalid_url" };
    case "date-time": return DATE.test(value) && !Number.isNaN(Date.parse(value)) ? null : { key: "form.invalid_date" };
    case "cron": {
      const parts = String(value).trim().split(/\s+/);
      return (parts.length === 5 || parts.length === 6) && parts.every((part) => CRON.test(part)) ? null : { key: "form.invalid_cron" };
    }
    default: return null;
  }
}

function number(field, value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return { key: "form.not_number" };
  if (field.integer && !Number.isInteger(value)) return { key: "form.not_whole" };
  if (value < field.minimum) return { key: "form.at_least", values: { number: field.minimum } };
  if (value > field.maximum) return { key: "form.at_most", values: { number: field.maximum } };
  if (value <= field.above) return { key: "form.above", values: { number: field.above } };
  if (value >= field.below) return { key: "form.below", values: { number: field.below } };
  return null;
}

function parses(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The value at a path such as `fields[0].value`. */
export const valueAt = (values, path) => path.match(/[^.[\]]+/g).reduce((inner, key) => inner?.[key], values);

const BELOW = ".[";

/** Errors that belong at the field of a path; `leaf` fields take those of what is inside of them too. */
export function errorsAt(errors, path, leaf) {
  return errors.filter((error) => error.path === path || (leaf && error.path.startsWith(path) && BELOW.includes(error.path[path.length])));
}

/** How a run failed because of a parameter of node `id`: in its own run, or in that of the node whose slot it fills. */
export function failureOf(states, id) {
  const own = states[id]?.error;
  if (own && (own.detail?.node ?? id) === id) return own;
  return Object.values(states).find((state) => state.error?.detail?.node === id)?.error;
}

/** The errors of a node by the paths of its parameters: the workflow's problems, and how its last run failed. */
export function parameterErrors(problems, failure) {
  const found = problems.flatMap(({ path, message }) => {
    const inside = /^nodes\[\d+\]\.data\.properties\.(.+)$/.exec(path ?? "");
    return inside ? [{ path: inside[1], message: message.replace(/^'(?:[^']|'(?!: ))*': /, ""), source: "problem" }] : [];
  });
  const parameter = failure?.detail?.parameter;
  if (typeof parameter === "string" && parameter) {
    const message = failure.code === "expression" ? failure.message.replace(failure.detail.node ? /^'(?:[^']|'(?!: ))*': [^:]+: / : /^[^:]+: /, "") : failure.message; // its start names the field
    found.push({ path: parameter, message, source: "run", failure });
  }
  return found;
}
