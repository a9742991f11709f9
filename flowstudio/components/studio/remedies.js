// What to do about a failure, in words for people: the key of a text under `failure.`, or null where the message says it all.

const BY_STATUS = [[401, "http_401"], [403, "http_403"], [404, "http_404"], [429, "http_429"]];
const BY_CODE = {
  expression: "expression", parameter: "parameter", credential: "credential", code_timeout: "code_timeout", code_memory: "code_memory",
  node_timeout: "node_timeout", execution_timeout: "execution_timeout", interrupted: "interrupted", unexpected: "unexpected",
};
const MISSING = [/^KeyError: '(.+)'$/, /read propert(?:y|ies) (?:of \w+ \(reading )?'(.+?)'/, /^AttributeError: 'NoneType' object has no attribute '(.+?)'/];

/** The key of the remedy's text. */
export function remedyOf({ code, message = "", detail }) {
  if (code === "model") return null; // its message says what to do; a provider's status alone would mislead
  const status = detail?.status;
  if (Number.isInteger(status)) return BY_STATUS.find(([known]) => known === status)?.[1] ?? (status >= 500 ? "http_5xx" : "http_4xx");
  if (detail?.execution) return "called";
  if (code === "code") {
    if (message.startsWith("SyntaxError") || message.startsWith("IndentationError")) return "code_syntax";
    return MISSING.some((pattern) => pattern.test(message)) ? "code_field" : "code";
  }
  if (code === "expression" && message.includes("no node")) return "expression_node";
  if (/cannot be reached|no server named/.test(message)) return "unreachable";
  return BY_CODE[code] ?? null;
}

/** What programs and experts want to know, as text; empty when there is nothing. */
export function technical({ code, detail }) {
  const told = Object.entries(detail ?? {}).filter(([, value]) => value !== null && value !== "");
  if (!told.length) return "";
  return [["code", code], ...told].map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join("\n");
}
