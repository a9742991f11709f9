// A field that an expression names and the data do not have: mostly a typo, which would silently give nothing.
import { unquote } from "./references.js";

const CODE = /\{\{([\s\S]*?)\}\}/g;
const CAREFUL = /\?\?|\?\.|\|\||isEmpty|isNotEmpty|ifEmpty|typeof/; // who writes so knows that a field may be missing
const TEXT = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`;
const CHAIN = new RegExp(String.raw`(?<![\w$.])(?:\$json|\$input\.item\.json|\$\(\s*(${TEXT})\s*\)\.(?:item|first\(\))\.json)((?:\s*\.\s*[A-Za-z_$][\w$]*\b(?!\s*\()|\s*\[\s*(?:\d+|${TEXT})\s*\])+)`, "g");
const KEY = new RegExp(String.raw`\.\s*([A-Za-z_$][\w$]*)|\[\s*(?:(\d+)|(${TEXT}))\s*\]`, "g");

/** The first such field: {name, near}; `near` is the field that was probably meant. `world` is as completion.js has it. */
export function strayField(text, world) {
  for (const [, code] of text.matchAll(CODE)) {
    if (CAREFUL.test(code)) continue;
    for (const [, step, path] of code.matchAll(CHAIN)) {
      const found = missing(step ? world.nodes?.find(({ label }) => label === unquote(step))?.json : world.json, path);
      if (found) return found;
    }
  }
  return null;
}

function missing(value, path) {
  for (const [, plain, index, quoted] of path.matchAll(KEY)) {
    if (value === null || typeof value !== "object") return null;
    const key = plain ?? (index === undefined ? unquote(quoted) : Number(index));
    if (!Array.isArray(value) && !Object.hasOwn(value, key)) return { name: String(key), near: nearest(String(key), Object.keys(value)) };
    value = value[key];
  }
  return null;
}

function nearest(name, fields) {
  const most = name.length < 4 ? 1 : 2;
  const [best] = fields.map((field) => [distance(name.toLowerCase(), field.toLowerCase()), field]).filter(([far]) => far <= most).sort(([a], [b]) => a - b);
  return best?.[1] ?? null;
}

/** How many letters have to be put in, taken out, replaced or swapped with their neighbour. */
function distance(a, b) {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
