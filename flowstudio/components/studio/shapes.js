// What the items of a page have in common: their fields, kinds and a sample of each.
const ENTRIES = 50; // of a list that are looked at
const DEPTH = 12;

export const kindOf = (value) => (value === null || value === undefined ? "null" : Array.isArray(value) ? "list" : typeof value);

/** {kinds, sample, fields: [{name, shape, missing}] | null, entry: shape | null}, merged over all values. */
export function shapeOf(values, depth = 0) {
  const kinds = new Set();
  const fields = new Map();
  const entries = [];
  let sample;
  let objects = 0;
  for (const value of values) {
    const kind = kindOf(value);
    kinds.add(kind);
    if (sample === undefined || (sample === null && kind !== "null")) sample = value;
    if (kind === "object") {
      objects++;
      for (const [name, inner] of Object.entries(value)) {
        if (!fields.has(name)) fields.set(name, []);
        fields.get(name).push(inner);
      }
    } else if (kind === "list") {
      entries.push(...value.slice(0, ENTRIES));
    }
  }
  if (kinds.size > 1) kinds.delete("null");
  const deeper = depth < DEPTH;
  return {
    kinds: [...kinds].sort(),
    sample,
    fields: objects && deeper
      ? [...fields].map(([name, inner]) => ({ name, missing: inner.length < objects, shape: shapeOf(inner, depth + 1) }))
      : null,
    entry: entries.length && deeper ? shapeOf(entries, depth + 1) : null,
  };
}

/** The columns of a table of items, in the order in which they first turn up. */
export const columnsOf = (rows) => [...new Set(rows.flatMap((row) => Object.keys(row ?? {})))];
