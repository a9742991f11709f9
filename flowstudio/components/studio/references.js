// Expressions and code that name other steps, and what becomes of the names when a step is renamed.

const STRING = String.raw`"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|` + "`(?:[^`\\\\$]|\\\\[\\s\\S]|\\$(?!\\{))*`";
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
// $('A')  $node["A"]  $node?.["A"]  $items("A")  $node.A  – and Python's _("A") and _node["A"].
const PYTHON = /(?<![\w$.])(_\s*\(\s*|_node\s*\[\s*)/;
const JAVASCRIPT = /(?<![\w$])(\$\s*\(\s*|\$node\s*(?:\?\.)?\s*\[\s*|\$items\s*\(\s*)/;
const NAMED = Object.fromEntries(Object.entries({ javascript: JAVASCRIPT, python: PYTHON })
  .map(([language, opening]) => [language, new RegExp(`${opening.source}(${STRING})(?=\\s*[\\]),])`, "g")]));
const MEMBER = /(?<![\w$])(\$node\s*)(\??\.\s*)([A-Za-z_$][\w$]*)/g;

const ESCAPES = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", 0: "\0", "\n": "" };

/** The text that a literal in quotes stands for. */
export function unquote(literal) {
  return literal.slice(1, -1).replace(/\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g, (_, braced, unicode, hex, letter) => {
    const code = braced ?? unicode ?? hex;
    const point = code && parseInt(code, 16);
    if (point > 0x10ffff) return "\ufffd"; // no character: such a literal is a mistake
    return code ? String.fromCodePoint(point) : ESCAPES[letter] ?? letter;
  });
}

/** A literal in the given quotes. */
export function quote(text, mark = "'") {
  const escaped = text.replace(/\\/g, "\\\\").replaceAll(mark, `\\${mark}`).replace(/\n/g, "\\n").replace(/\r/g, "\\r");
  return mark + (mark === "`" ? escaped.replace(/\$(?=\{)/g, "\\$") : escaped) + mark;
}

/** Code in which every mention of `before` says `after`: `visit` gives the new name, or undefined. */
function inCode(code, language, visit) {
  let text = code.replace(NAMED[language === "python" ? "python" : "javascript"], (whole, opening, literal) => {
    const renamed = visit(unquote(literal));
    return renamed === undefined ? whole : opening + quote(renamed, literal[0]);
  });
  if (language !== "python") {
    text = text.replace(MEMBER, (whole, node, dot, name) => {
      const renamed = visit(name);
      if (renamed === undefined) return whole;
      return IDENTIFIER.test(renamed) ? node + dot + renamed : `${node}${dot.startsWith("?") ? "?." : ""}[${quote(renamed, '"')}]`;
    });
  }
  return text;
}

/** The stretches of a template: `{text, code}`; code without its braces. An unclosed one reaches to the end. */
export function templateParts(template) {
  const parts = [];
  let at = 0;
  for (let open; (open = template.indexOf("{{", at)) >= 0;) {
    if (template[open - 1] === "\\") {
      parts.push({ start: at, end: open + 2, text: template.slice(at, open + 2) });
      at = open + 2;
      continue;
    }
    const close = closing(template, open + 2);
    if (open > at) parts.push({ start: at, end: open, text: template.slice(at, open) });
    const end = close < 0 ? template.length : close + 2;
    parts.push({ start: open, end, code: template.slice(open + 2, close < 0 ? template.length : close), closed: close >= 0 });
    at = end;
  }
  if (at < template.length) parts.push({ start: at, end: template.length, text: template.slice(at) });
  return parts;
}

/** Where the `}}` of an expression is, or -1: not within quotes, and not where an object of the code ends. */
function closing(template, start) {
  let depth = 0;
  for (let at = start; at < template.length; at++) {
    const letter = template[at];
    if (letter === '"' || letter === "'" || letter === "`") {
      const end = literalEnd(template, at);
      if (end < 0) return template.indexOf("}}", start);
      at = end;
    } else if (letter === "{") depth++;
    else if (letter === "}") {
      if (depth) depth--;
      else return template[at + 1] === "}" ? at : template.indexOf("}}", start);
    }
  }
  return template.indexOf("}}", start);
}

function literalEnd(text, start) {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[start]) return at;
    else if (text[at] === "\n" && text[start] !== "`") return -1;
  }
  return -1;
}

/** A parameter's text with its references visited; plain texts stay as they are. */
function inTemplate(template, visit) {
  return `=${templateParts(template.slice(1)).map((part) => (
    part.code === undefined ? part.text : `{{${inCode(part.code, "javascript", visit)}${part.closed ? "}}" : ""}`
  )).join("")}`;
}

/** Any value of a parameter. `fields` describe it, where they are known: code is code, not a template. */
function inValue(value, visit, field, language) {
  if (typeof value === "string") {
    if (value.startsWith("=")) return inTemplate(value, visit);
    return field?.kind === "code" ? inCode(value, field.language === "expression" ? "javascript" : language ?? field.language, visit) : value;
  }
  if (Array.isArray(value)) return same(value, value.map((entry) => inValue(entry, visit, field?.fields ? { fields: field.fields } : field?.item)));
  if (value && typeof value === "object") {
    const byName = Object.fromEntries((field?.fields ?? []).map((inner) => [inner.name, inner]));
    return same(value, Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inValue(entry, visit, byName[key], value.language)])));
  }
  return value;
}

/** The value itself when nothing in it changed. */
const same = (before, after) => (Object.keys(before).every((key) => before[key] === after[key]) ? before : after);

const propertiesOf = (node) => node.data?.properties ?? {};

/** The properties of a node that change, by name. */
function changed(node, fields, visit) {
  const after = inValue(propertiesOf(node), visit, { fields });
  return Object.entries(after).filter(([name, value]) => value !== propertiesOf(node)[name]);
}

/** The operations that rename a node and keep every reference to it. */
export function renaming(document, id, before, after, fieldsOf = () => []) {
  const operations = [{ kind: "set", node: id, path: ["label"], value: after }];
  if (before === after) return operations;
  const visit = (name) => (name === before ? after : undefined);
  for (const node of document.nodes ?? []) {
    for (const [name, value] of changed(node, fieldsOf(node.type), visit)) {
      operations.push({ kind: "set", node: node.id, path: ["properties", name], value });
    }
  }
  return operations;
}

/** Give a node another name, everywhere, in one step of undo. A name that is taken gets a number. Gives the name. */
export function renameNode(store, id, label) {
  const node = store.node(id);
  if (!node) return undefined;
  const before = store.label(node);
  const wanted = label.trim() || store.catalogue.type(node.data.type).label;
  if (wanted === before && node.data.label) return before;
  const taken = store.nodes.some((other) => other.id !== id && store.label(other) === wanted);
  const after = taken ? store.freeLabel(wanted) : wanted;
  store.apply(renaming(store.document(), id, before, after, (type) => store.catalogue.type(type).fields));
  return after;
}
