// What changed since an execution: steps that differ from the document that ran, and everything behind them.

/** JSON in which the order of keys does not matter. */
export function stable(value) {
  if (Array.isArray(value)) return `[${value.map((entry) => stable(entry ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${stable(value[key])}`).join(",")}}`;
}

const MEANINGS = new WeakMap(); // data of a step, which no edit changes in place -> [type, meaning]

/** What decides about a step's result: not its place, name, notes or pinned items. */
function meaning({ type, data = {} }) {
  const known = MEANINGS.get(data);
  if (known?.[0] === type) return known[1];
  const { properties = {}, settings = {}, credentials = {}, disabled = false } = data;
  const found = stable({ type, properties, settings, credentials, disabled });
  MEANINGS.set(data, [type, found]);
  return found;
}

/** The connections into each step, in the order in which their items are merged. */
function incoming(edges = []) {
  const found = new Map();
  for (const { source, target, sourceHandle = null, targetHandle = null } of edges) {
    found.set(target, `${found.get(target) ?? ""}${stable([source, sourceHandle, targetHandle])};`);
  }
  return found;
}

/** Expressions that name a renamed step are rewritten by the editor; that alone changes no result. */
function renamer(ran, present) {
  const labels = new Map(present.nodes.map((node) => [node.id, node.data?.label]));
  const renamed = ran.nodes
    .map((node) => [node.data?.label, labels.get(node.id)])
    .filter(([before, after]) => before && after && before !== after);
  return (text) => renamed.reduce((changed, [before, after]) => {
    const inside = (label) => JSON.stringify(label).slice(1, -1);
    return changed.replaceAll(`'${inside(before)}'`, () => `'${inside(after)}'`).replaceAll(`\\"${inside(before)}\\"`, () => `\\"${inside(after)}\\"`);
  }, text);
}

/** Ids of the steps of `present` whose results in an execution of `ran` no longer say what they would give now. */
export function staleNodes(ran, present) {
  const before = new Map(ran.nodes.map((node) => [node.id, node]));
  const fed = incoming(ran.edges), feeds = incoming(present.edges);
  const rename = renamer(ran, present);
  const changed = present.nodes.filter((node) => {
    const old = before.get(node.id);
    return !old || fed.get(node.id) !== feeds.get(node.id) || rename(meaning(old)) !== meaning(node);
  }).map((node) => node.id);
  return reach(changed, present.edges);
}

function reach(ids, edges = []) {
  const next = new Map();
  for (const { source, target } of edges) next.set(source, [...(next.get(source) ?? []), target]);
  const found = new Set(ids);
  for (const id of found) for (const target of next.get(id) ?? []) found.add(target); // a Set also yields what is added meanwhile
  return found;
}
