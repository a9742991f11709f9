// Paths into the parameters of a step, as people know them.

const KEYS = /\[(\d+)\]|[^.[\]]+/g;

/** `conditions[0].right` with the titles of the form: "Conditions 1, Compare with". What no field names stays as it is. */
export function parameterName(path, fields = []) {
  const parts = [];
  let known = fields;
  for (const [key, index] of path.matchAll(KEYS)) {
    if (index !== undefined && parts.length) {
      parts[parts.length - 1] += ` ${Number(index) + 1}`;
      continue;
    }
    const field = known?.find(({ name }) => name === key);
    parts.push(field?.title || key);
    known = field?.fields;
  }
  return parts.join(", ");
}
