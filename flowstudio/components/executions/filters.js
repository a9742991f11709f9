// What the list of executions shows, as its address says it. No React, no texts.

export const STATUSES = ["success", "error", "running", "waiting", "queued", "cancelled"];
export const MODES = ["manual", "trigger", "webhook", "schedule", "chat", "api", "cli", "sub-workflow", "error", "retry"];
const SPANS = { hour: 3600, day: 86400, week: 7 * 86400 };
export const TIMES = [...Object.keys(SPANS), "custom"];
export const LIVE = new Set(["queued", "running", "waiting"]);

const NONE = { status: "", workflow: "", mode: "", time: "", from: "", to: "" };
const known = (list, value) => (list.includes(value) ? value : "");

/** The filters of an address; what it does not know is left out. */
export function readFilters(search) {
  const query = new URLSearchParams(search);
  const of = (name) => query.get(name) ?? "";
  const time = known(TIMES, of("time"));
  return {
    status: known(STATUSES, of("status")), workflow: of("workflow").slice(0, 64), mode: known(MODES, of("mode")), time,
    from: time === "custom" ? of("from") : "", to: time === "custom" ? of("to") : "",
  };
}

/** The address of filters, with "?" when there are any. */
export function writeFilters(filters) {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  const text = query.toString();
  return text && `?${text}`;
}

export const isFiltered = (filters) => Object.keys(NONE).some((name) => filters[name]);
export const noFilters = () => ({ ...NONE });

/** A local date and time of a form as the API wants it; null when it is none. */
function moment(text) {
  const at = text ? new Date(text) : null;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

/** The query for the API; `now` is in milliseconds. The status is left out of totals. */
export function queryOf({ status, workflow, mode, time, from, to }, now, { totals = false } = {}) {
  const query = new URLSearchParams();
  if (status && !totals) query.set("status", status);
  if (workflow) query.set("workflow_id", workflow);
  if (mode) query.set("mode", mode);
  const since = SPANS[time] ? new Date(now - SPANS[time] * 1000).toISOString() : moment(from);
  const until = SPANS[time] ? null : moment(to);
  if (since) query.set("since", since);
  if (until) query.set("until", until);
  return query;
}

/** Fresh first pages put into what is shown: rows that changed are replaced, rows on later pages stay. */
export function mergePages(shown, fresh, more) {
  if (!fresh.length || !more) return fresh;
  const last = fresh[fresh.length - 1].id;
  return [...fresh, ...shown.filter((row) => row.id < last)];
}

/** Which of the chosen executions an action can work on. */
export function fitting(action, rows, chosen) {
  const wanted = rows.filter((row) => chosen.has(row.id));
  if (action === "stop") return wanted.filter((row) => LIVE.has(row.status));
  if (action === "retry") return wanted.filter((row) => !LIVE.has(row.status) && !row.data_dropped);
  return wanted.filter((row) => !LIVE.has(row.status));
}
