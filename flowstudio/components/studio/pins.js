// Pinned data: what a step gives in the editor instead of running.
import { toast } from "sonner";
import { formatNumber, t } from "../texts/texts.js";
import { get } from "./api.js";
import { nodePath, runQuery } from "./nodedata.js";
import { PIN_LIMIT, sizeOf } from "./rows.js";

const AT_ONCE = 1000; // what the server gives in one answer

/** All rows of a port of a node run: {rows, files} where `files` says whether any item has some. */
export async function allRows(execution, id, { side = "outputs", port, run = null, limit = Infinity } = {}) {
  const path = nodePath(execution, id);
  const rows = [];
  let files = false;
  for (let size = 0, more = true; more;) {
    const query = new URLSearchParams({ offset: rows.length, limit: AT_ONCE, ...runQuery(run) });
    const page = (await get(`${path}/?${query}`))[side][port];
    if (!page) break;
    for (const item of page.items) {
      rows.push(item.json);
      files ||= Boolean(item.binary);
    }
    size += sizeOf(page.items);
    more = page.items.length > 0 && rows.length < page.total && size <= limit;
  }
  return { rows, files };
}

/** The limit in words. */
export const pinLimit = () => t("pins.limit", { limit: `${formatNumber(PIN_LIMIT / 1_000_000)} MB` });

/** Pin what a step gave in the shown run, or take the pin out again. Tells the person what happened. */
export async function pinNode(store, runs, id) {
  const node = store.node(id);
  if (!node) return false;
  if (node.data.pinned) {
    store.set(id, { pinned: null });
    toast.success(t("pins.unpinned", { name: store.label(node) }));
    return true;
  }
  const state = runs.states[id];
  const port = node.ports.outputs.find(({ id: name }) => state?.items?.[name] > 0)?.id;
  if (!runs.execution || !port) {
    toast.error(t("pins.nothing", { name: store.label(node) }));
    return false;
  }
  try {
    const { rows, files } = await allRows(runs.execution.id, id, { port, limit: PIN_LIMIT });
    if (sizeOf(rows) > PIN_LIMIT) {
      toast.error(pinLimit());
      return false;
    }
    store.set(id, { pinned: rows });
    toast.success(t(files ? "pins.pinned_no_files" : "pins.pinned", { name: store.label(node) }));
    return true;
  } catch (error) {
    toast.error(error.message);
    return false;
  }
}
