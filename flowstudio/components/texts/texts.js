// Every text of the interface lives in en/, one file for each area; Python reads the same files.
const files = import.meta.glob("./en/*.json", { eager: true, import: "default" });
const en = Object.fromEntries(Object.entries(files).map(([path, texts]) => [path.slice("./en/".length, -".json".length), texts]));

// Making a format costs far more than using it, and a long list uses it for every row.
const NUMBERS = new Intl.NumberFormat("en");
const TODAY = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const EARLIER = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The text of a dotted key, with {placeholders} filled in. */
export function t(key, values) {
  const found = key.split(".").reduce((table, part) => table?.[part], en);
  if (typeof found !== "string") throw new Error(`No text '${key}' in texts/en`);
  return values ? found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : found;
}

/** `one` for a count of 1, `many` (with {count}) otherwise. */
export function count(number, one, many) {
  return number === 1 ? t(one) : t(many, { count: formatNumber(number) });
}

export function formatNumber(number) {
  return NUMBERS.format(number);
}

/** 840 ms, 3.2 s, 4 min 5 s. */
export function formatDuration(milliseconds) {
  if (milliseconds == null) return "";
  if (milliseconds < 10) return `${Math.round(milliseconds * 10) / 10} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A time in the reader's time zone; today's without the date. */
export function formatTime(iso) {
  if (!iso) return "";
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return (today ? TODAY : EARLIER).format(at);
}
