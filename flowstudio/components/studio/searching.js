// Finding things by what a person types: nodes of the workflow, and entries of lists.

const fold = (text) => String(text ?? "").toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
const wordsOf = (text) => fold(text).split(/\s+/).filter(Boolean);

/** How well a text answers to what was typed: 0 not at all, more for a beginning, for a word's beginning, for any place. */
export function score(text, typed) {
  const found = fold(text);
  let total = 0;
  for (const word of wordsOf(typed)) {
    const at = found.indexOf(word);
    if (at < 0) return 0;
    total += at === 0 ? 4 : /[\s\-_./:(]/.test(found[at - 1]) ? 3 : 1;
  }
  return total || 1;
}

/** Entries `{label, also?}` that match, best first; all of them when nothing was typed. */
export function rank(entries, typed) {
  if (!typed.trim()) return entries;
  const scored = entries.map((entry, index) => ({ entry, index, points: score(entry.label, typed) * 10 || score(`${entry.label} ${entry.also ?? ""}`, typed) }));
  return scored.filter(({ points }) => points).sort((a, b) => b.points - a.points || a.index - b.index).map(({ entry }) => entry);
}

function* leaves(value, path) {
  if (value == null || value === "") return;
  if (typeof value === "object") {
    for (const [key, child] of Object.entries(value)) yield* leaves(child, Array.isArray(value) ? `${path} ${Number(key) + 1}` : `${path}${path && " "}${key}`);
  } else {
    yield [path, String(value)];
  }
}

const readable = (path) => path.replace(/_/g, " ");
const AROUND = 24;

/** A piece of a long text around the place that matches. */
function excerpt(text, word) {
  const line = text.replace(/\s+/g, " ");
  const at = Math.max(0, fold(line).indexOf(word));
  const begin = Math.max(0, at - AROUND);
  const end = Math.min(line.length, at + word.length + AROUND * 2);
  return (begin ? "…" : "") + line.slice(begin, end) + (end < line.length ? "…" : "");
}

/** Nodes whose name, type, notes or parameter values hold all that was typed: `[{id, label, where, text}]`, names first. */
export function searchNodes(nodes, typed, { labelOf, typeOf }) {
  const words = wordsOf(typed);
  if (!words.length) return [];
  const holds = (text) => words.every((word) => fold(text).includes(word));
  const found = [];
  for (const node of nodes) {
    const label = labelOf(node);
    const type = typeOf(node);
    if (holds(label)) found.push({ id: node.id, label, where: "name", text: type, points: 4 });
    else if (holds(`${type} ${node.data.type}`)) found.push({ id: node.id, label, where: "type", text: type, points: 3 });
    else {
      const places = [...leaves(node.data.properties, ""), ["note", node.data.notes ?? ""]];
      const place = places.find(([path, text]) => holds(text) || holds(`${readable(path)} ${text}`));
      if (place) found.push({ id: node.id, label, where: readable(place[0]), text: excerpt(place[1], words[0]), points: 2 });
    }
  }
  return found.sort((a, b) => b.points - a.points);
}
