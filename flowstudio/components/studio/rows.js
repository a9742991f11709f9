// Rows of data in the browser: read from text, searched, cut into pages, written as CSV.

/** Characters of JSON that a step may have pinned. */
export const PIN_LIMIT = 1_000_000;

/** {rows} of what somebody typed or pasted, or {problem: "json" | "shape" | "size", detail}. */
export function readRows(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: "json", detail: error.message };
  }
  const list = Array.isArray(value) ? value : [value];
  const rows = list.map((entry) => (isObject(entry) && isObject(entry.json) && Object.keys(entry).every((key) => ITEM.has(key)) ? entry.json : entry));
  const wrong = rows.findIndex((row) => !isObject(row));
  if (wrong >= 0) return { problem: "shape", detail: wrong + 1 };
  if (sizeOf(rows) > PIN_LIMIT) return { problem: "size", detail: sizeOf(rows) };
  return { rows };
}

const ITEM = new Set(["json", "binary", "paired", "pairedItem", "index"]);
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

export const sizeOf = (rows) => JSON.stringify(rows).length;

/** Whether a key or a value within holds a text (in lower case). */
export function holds(value, wanted) {
  if (value !== null && typeof value === "object") {
    return Object.entries(value).some(([key, inner]) => (!Array.isArray(value) && key.toLowerCase().includes(wanted)) || holds(inner, wanted));
  }
  return String(value).toLowerCase().includes(wanted);
}

/** Part of some rows, in the form that the server gives: {items, total, found?}. */
export function pageOf(rows, { offset = 0, limit, search = "" }) {
  if (!search) return { items: rows.slice(offset, offset + limit).map((json) => ({ json })), total: rows.length };
  const found = rows.map((json, index) => ({ json, index })).filter(({ json }) => holds(json, search.toLowerCase()));
  return { items: found.slice(offset, offset + limit), total: rows.length, found: found.length };
}

/** A text cut where it matches a search: [[piece, matches], …]. */
export function pieces(text, search) {
  if (!search) return [[text, false]];
  const found = [];
  const lower = text.toLowerCase();
  const wanted = search.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) found.push([text.slice(from, at), false]);
    from = at + wanted.length;
    found.push([text.slice(at, from), true]);
  }
  if (from < text.length) found.push([text.slice(from), false]);
  return found;
}

const FORMULA = /^[=+@\t\r]|^-(?![\d.]+$)/; // what a spreadsheet would calculate

/** Rows as CSV (RFC 4180), with a line of column names. Lists and objects stand as JSON. */
export function toCsv(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}
