// What can stand next in an expression, out of the data that the step really gets. Knows no editor.
import { DATA_METHODS, GLOBALS, LANGUAGE_METHODS, MEMBERS } from "./methods.js";
import { quote, unquote } from "./references.js";

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const AFTER_DATES = new Set(["plus", "minus", "startOf", "endOf", "beginningOf", "endOfMonth", "toDateTime", "setZone", "set", "toUTC", "toLocal", "fromISO", "fromFormat", "fromMillis", "fromSeconds", "now", "utc", "local"]);
const SHOWN = 60;
const BLOT = "\u0001";

/** `$json.a` or `$json["a b"]`, for a name of any kind. */
export const member = (name) => (IDENTIFIER.test(name) ? `.${name}` : `[${quote(name, '"')}]`);

/** A value in a few letters. */
export function brief(value) {
  if (value === undefined) return "";
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value) ?? "";
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
}

export function typeOf(value) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return "array";
  return { string: "string", number: "number", boolean: "boolean", object: "object" }[typeof value] ?? null;
}

/** Code with every text in quotes blotted out, letter by letter. An unclosed one is blotted out to the end. */
function blotted(code) {
  let result = "";
  let mark = null;
  for (let at = 0; at < code.length; at++) {
    const letter = code[at];
    if (mark) {
      result += BLOT;
      if (letter === "\\" && at + 1 < code.length) {
        result += BLOT;
        at++;
      } else if (letter === mark) mark = null;
    } else if (letter === '"' || letter === "'" || letter === "`") {
      mark = letter;
      result += BLOT;
    } else result += letter;
  }
  return [result, mark !== null];
}

/** The operand that ends at `end`: names, dots, calls and brackets, read from right to left. */
export function operandBefore(code, end) {
  const [text] = blotted(code.slice(0, end));
  let at = end;
  const space = () => { while (at > 0 && /\s/.test(text[at - 1])) at--; };
  const found = () => code.slice(at, end).trim();
  for (;;) {
    space();
    const last = text[at - 1];
    if (last === ")" || last === "]") {
      const open = opening(text, at - 1);
      if (open < 0) return "";
      at = open;
      space();
      if (at > 1 && text[at - 1] === "." && text[at - 2] === "?") at -= 2;
      else if (!(at > 0 && /[\w$)\]]/.test(text[at - 1]))) return found(); // a list, or brackets around something
      continue;
    }
    const name = /[\w$]+$|\u0001+$/.exec(text.slice(0, at));
    if (!name) return found();
    at = name.index;
    space();
    if (text[at - 1] !== "." || text[at - 2] === ".") return found();
    at -= text[at - 2] === "?" ? 2 : 1;
  }
}

/** Where the bracket that closes at `index` was opened, or -1. */
function opening(text, index) {
  let depth = 0;
  for (let at = index; at >= 0; at--) {
    if (")]}".includes(text[at])) depth++;
    else if ("([{".includes(text[at]) && !--depth) return at;
  }
  return -1;
}

const STEP = /^\s*(?:(\?\.|\.)\s*([A-Za-z_$][\w$]*)(\s*\(\s*\))?|(?:\?\.)?\[\s*(?:(\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\s*\])/;
const NODE = /^(?:\$\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)\s*\)|\$node\s*(?:\?\.)?\[\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\])/;

/**
 * What an operand stands for: {value} known data, {members} a thing of the engine, {date}, or null when only the server knows.
 * `world` is {json, nodes: [{label, json}]}: samples of the current item and of those of other steps.
 */
export function resolve(operand, world) {
  const node = NODE.exec(operand);
  if (node) {
    const label = unquote(node[1] ?? node[2]);
    const json = world.nodes?.find((other) => other.label === label)?.json;
    return follow(node[1] ? { members: "node", json } : { members: "nodeProxy", json }, operand.slice(node[0].length));
  }
  const name = /^[A-Za-z_$][\w$]*/.exec(operand)?.[0];
  if (!name) return null;
  const rest = operand.slice(name.length);
  if (name === "$json") return follow({ value: world.json }, rest);
  if (name === "$input") return follow({ members: "$input", json: world.json }, rest);
  if (name === "item" && world.code) return follow({ members: "item", json: world.json }, rest);
  if (name === "$now" || name === "$today") return follow({ date: true }, rest);
  if (name in MEMBERS && name !== "node" && name !== "item" && name !== "nodeProxy") return rest.trim() ? follow({ members: name }, rest) : { members: name };
  return null;
}

function follow(found, rest) {
  for (let left = rest; left.trim();) {
    const step = STEP.exec(left);
    if (!step) return null;
    left = left.slice(step[0].length);
    const [, , name, call, index, quoted] = step;
    const key = name ?? (quoted !== undefined ? unquote(quoted) : Number(index));
    if (found.date) {
      if (!AFTER_DATES.has(key)) return null;
    } else if (found.members) {
      const next = stepInto(found, key, call);
      if (!next) return null;
      found = next;
    } else {
      if (call || found.value === null || typeof found.value !== "object" || !Object.hasOwn(found.value, key)) return null;
      found = { value: found.value[key] };
    }
  }
  return found;
}

function stepInto({ members, json }, key, call) {
  if (members === "$input" || members === "node") {
    if (key === "item" || ((key === "first" || key === "last") && call)) return { members: "item", json };
    return null;
  }
  if (members === "item" || members === "nodeProxy") return key === "json" ? { value: json } : null;
  if (members === "DateTime") return call && AFTER_DATES.has(key) ? { date: true } : null;
  return null;
}

const option = ({ name, written, doc, call }, section) => ({ label: written, apply: call ? `${name}()` : name, inside: call && written !== `${name}()`, doc, type: call ? "method" : "property", section });

/** The choices after a dot. Fields come first, then data methods, then what JavaScript brings. */
export function membersOf(found) {
  if (found.members) return MEMBERS[found.members].map((entry) => option(entry, "members"));
  const type = found.date ? "date" : typeOf(found.value);
  if (!type) return [];
  const fields = type === "object" ? Object.entries(found.value).map(([name, value]) => ({ label: name, apply: name, field: true, doc: brief(value), type: "field", section: "fields", plain: IDENTIFIER.test(name) })) : [];
  const methods = DATA_METHODS[type].map((entry) => option(entry, "methods"));
  const known = new Set(methods.map((entry) => entry.apply));
  return [...fields, ...methods, ...LANGUAGE_METHODS[type].map((entry) => option(entry, "language")).filter((entry) => !known.has(entry.apply))];
}

/**
 * The choices at `position` of some JavaScript: {from, options}; {from, ask} where the server has to say what `ask` stands for;
 * null where nothing fits.
 */
export function complete(code, position, world) {
  const before = code.slice(0, position);
  const named = /(?:\$\(|\$items\s*\(|\$node\s*(?:\?\.)?\[)\s*(["'`]?)((?:[^"'`\\\n]|\\.)*)$/.exec(before);
  if (named) {
    const mark = named[1] || '"';
    return {
      from: position - named[2].length - named[1].length,
      options: (world.nodes ?? []).map(({ label, json }) => ({ label, apply: quote(label, mark), closes: true, doc: brief(json), type: "step", section: "steps" })),
    };
  }
  const bracket = /\[\s*(["'])((?:[^"'\\\n]|\\.)*)$/.exec(before);
  if (bracket) {
    const found = resolve(operandBefore(before, bracket.index), world);
    if (!found || typeOf(found.value) !== "object") return null;
    return { from: position - bracket[2].length - 1, options: Object.entries(found.value).map(([name, value]) => ({ label: name, apply: quote(name, bracket[1]), closes: true, doc: brief(value), type: "field", section: "fields" })) };
  }
  if (blotted(before)[1]) return null;
  const dotted = /(\?\.|\.)\s*([\w$]*)$/.exec(before);
  if (dotted) {
    const operand = operandBefore(before, dotted.index);
    if (!operand || /^\d+$/.test(operand)) return null;
    const found = resolve(operand, world);
    const place = { from: position - dotted[2].length, dot: dotted.index };
    return found ? { ...place, options: membersOf(found) } : { ...place, ask: operand };
  }
  const word = /[\w$]*$/.exec(before)[0];
  return { from: position - word.length, options: [
    ...GLOBALS.map((entry) => option(entry, "globals")),
    ...(world.nodes ?? []).map(({ label, json }) => ({ label: `$(${quote(label)})`, apply: `$(${quote(label)})`, doc: brief(json), type: "step", section: "steps" })),
    ...(world.code ? [{ label: "items", apply: "items", doc: "All items that come in", type: "property", section: "globals" }, { label: "item", apply: "item", doc: "The current item", type: "property", section: "globals" }] : []),
  ] };
}
