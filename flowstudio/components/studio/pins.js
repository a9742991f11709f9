// Pinned data: what a step gives in the editor instead of running. The panel, the canvas and "Debug in editor" all pin here.
import { toast } from "sonner";
import { formatNumber, t } from "../texts/texts.js";
import { get } from "./api.js";
import { nodePath, runQuery } from "./nodedata.js";
import { hindrance, ofRounds, pinOperations } from "./pinning.js";
import { PIN_LIMIT, sizeOf } from "./rows.js";

const AT_ONCE = 1000; // what the server gives in one answer
const NAMED = 6; // steps that a message names

/** All rows of a port of a node run: {rows, files} where `files` says whether any item has some. */
export async function allRows(execution, id, { side = "outputs", port, run = null, limit = Infinity } = {}) {
  const path = nodePath(execution, id);
  const rows = [];
  let files = false;
  for (let size = 0, more = true; more;) {
    const query = new URLSearchParams({ offset: rows.length, limit: AT_ONCE, ...(side === "outputs" && { port }), ...runQuery(run) });
    const page = (await get(`${path}/?${query}`))[side][port];
    if (!page) break;
    for (const item of page.items) {
      rows.push(item.json);
      files ||= Object.keys(item.binary ?? {}).length > 0;
    }
    size += sizeOf(page.items);
    more = page.items.length > 0 && rows.length < page.total && size <= limit;
  }
  return { rows, files };
}

/** The limit in words. */
export const pinLimit = () => t("pins.limit", { limit: megabytes() });
const megabytes = () => `${formatNumber(PIN_LIMIT / 1_000_000)} MB`;

/** What a step gave in an execution, to be pinned: {id, rows, files} or {id, reason}. `run` chooses a round or a try. */
export async function findPin(store, execution, id, run = null) {
  const first = store.node(id)?.ports.outputs[0]?.id;
  const { outputs } = await get(`${nodePath(execution, id)}/?${new URLSearchParams({ limit: 1, ...runQuery(run) })}`);
  const reason = hindrance(Object.fromEntries(Object.entries(outputs).map(([port, { total }]) => [port, total])), first);
  return reason ? { id, reason } : { id, ...await allRows(execution, id, { port: first, run, limit: PIN_LIMIT }) };
}

const quoted = (store, id) => `“${store.label(store.node(id))}”`;
const listed = (texts) => (texts.length > NAMED ? t("pins.and_more", { names: texts.slice(0, NAMED).join(", "), count: texts.length - NAMED }) : texts.join(", "));

/** What is not pinned, in words: the steps that were left out and why, and whose files stay behind. */
export function leftOut(store, { left, files }) {
  const why = ({ id, reason }) => t("pins.because", { name: quoted(store, id), reason: t(`pins.reason_${reason}`, { limit: megabytes() }) });
  return [
    left.length && t("pins.left", { steps: listed(left.filter(({ id }) => store.node(id)).map(why)) }),
    files.length && t("pins.no_files", { names: listed(files.filter((id) => store.node(id)).map((id) => quoted(store, id))) }),
  ].filter(Boolean).join("\n");
}

/**
 * Pin what steps gave in the shown execution, all at once; or take the pins out when every step has one.
 * Tells the person what happened. `run` chooses a round or a try of a single step.
 */
export async function togglePins(store, runs, ids, run = null) {
  const nodes = ids.map((id) => store.node(id)).filter((node) => node && !node.annotation && !node.ports.sub);
  if (!nodes.length) return;
  const names = () => listed(nodes.map(({ id }) => quoted(store, id)));
  if (nodes.every((node) => node.data.pinned)) {
    store.apply(nodes.map(({ id }) => ({ kind: "set", node: id, path: ["pinned"] })));
    toast.success(t(nodes.length === 1 ? "pins.unpinned" : "pins.unpinned_many", { names: names() }));
    return;
  }
  try {
    const execution = runs.execution?.id;
    const found = await Promise.all(nodes.filter((node) => !node.data.pinned).map(({ id }) => (
      execution && runs.states[id] && runs.states[id].status !== "skipped" ? findPin(store, execution, id, run) : { id, reason: "nothing" }
    )));
    const plan = pinOperations(found);
    const pinned = plan.operations.map(({ node }) => quoted(store, node));
    const rest = leftOut(store, plan);
    if (!pinned.length) return void toast.error(rest);
    store.apply(plan.operations);
    const rounds = plan.operations.some(({ node }) => runs.log.runs.some((each) => each.node === node && ofRounds(each)));
    const description = [rounds && t("pins.every_round"), rest].filter(Boolean).join("\n");
    toast.success(t(pinned.length === 1 ? "pins.pinned" : "pins.pinned_many", { names: listed(pinned) }), description ? { description, duration: 10_000 } : undefined);
  } catch (error) {
    toast.error(error.message);
  }
}
