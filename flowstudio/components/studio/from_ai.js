// Parameters that a model fills in when it uses a step as a tool. No React.

const TYPES = { number: "number", boolean: "boolean", json: "json", list: "json", keyvalue: "json", choices: "json", object: "json" };
const ASKS = /\$from(?:AI|Ai|ai)\s*\(/;

/** Whether a value leaves it to the model. */
export const asksModel = (value) => typeof value === "string" && value.startsWith("=") && ASKS.test(value);

/** The expression that lets a model fill in a field: `path` names the value, the help tells what is meant. */
export function askModel(field, path) {
  const parts = path.split(/[.[\]]+/).filter(Boolean);
  const name = (parts.length > 1 ? parts.slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) + 1 : part)).join("_") : parts[0]).replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 64);
  const meaning = [field.title || field.name, (field.help ?? "").split(/(?<=\.)\s/)[0]].filter(Boolean).join(": ").replace(/[`*'"\\{}]/g, "").replace(/\s+/g, " ").trim();
  return `={{ $fromAI('${name}', '${meaning}', '${TYPES[field.kind] ?? "string"}') }}`;
}
