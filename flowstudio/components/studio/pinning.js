// Which steps can hold what an execution gave. No React, no texts.
import { roundOf } from "./runlog.js";

export const MOST_ITEMS = 1000; // that one step may hold
export const MOST_BYTES = 2_000_000; // of JSON that a run may put into a document

/**
 * Of the steps that are drawn now, those whose results in the log can be pinned: they succeeded outside of loops, and all
 * their items left by the first output. `skipped` counts the others that gave something.
 */
export function pinnable(nodes, runs, firstOutput) {
  const last = new Map(), inRounds = new Set();
  for (const run of runs) {
    if (run.scope.length && roundOf(run.scope.at(-1)).loop === run.node) continue; // a loop tells of each of its rounds
    if (run.scope.length) inRounds.add(run.node);
    else last.set(run.node, run);
  }
  const ids = [];
  let skipped = 0;
  for (const { id } of nodes) {
    const run = last.get(id);
    const ports = Object.entries(run?.items ?? {}).filter(([, number]) => number > 0);
    if (run?.status !== "success" || !ports.length) continue;
    const fits = ports.length === 1 && ports[0][0] === firstOutput(id) && ports[0][1] <= MOST_ITEMS && !inRounds.has(id);
    if (fits) ids.push(id);
    else skipped++;
  }
  return { ids, skipped };
}

/** Items as a document keeps them; null when they carry files, which it cannot. */
export const pinnedRows = (items) => (items.some((item) => item.binary) ? null : items.map((item) => item.json));

/** The operations that pin rows, as many as fit; and how many were left out. */
export function pinOperations(found, most = MOST_BYTES) {
  const operations = [];
  let bytes = 0, left = 0;
  for (const [node, rows] of found) {
    const size = rows ? JSON.stringify(rows).length : Infinity;
    if (bytes + size > most) {
      left++;
      continue;
    }
    bytes += size;
    operations.push({ kind: "set", node, path: ["pinned"], value: rows });
  }
  return { operations, left };
}
