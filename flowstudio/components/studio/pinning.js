// The rules of pinning, for one step or a whole run: what can stand in for a step. No React, no texts.
import { roundOf } from "./runlog.js";
import { PIN_LIMIT, sizeOf } from "./rows.js";

export const RUN_LIMIT = 2_000_000; // characters of JSON that are pinned at once

/** Why what a step gave cannot be pinned, or null. `totals` are numbers of items by output: pinned items leave by the first one. */
export function hindrance(totals, first) {
  const filled = Object.keys(totals ?? {}).filter((port) => totals[port] > 0);
  if (!filled.length) return "nothing";
  return filled.length === 1 && filled[0] === first ? null : "outputs";
}

/** Whether a run happened within a loop. A loop tells of each of its own rounds, too: that is not meant. */
export const ofRounds = ({ node, scope }) => scope.length > 0 && roundOf(scope.at(-1)).loop !== node;

/**
 * Of the steps that are drawn now, those whose results in the log stand for a whole run: they succeeded outside of loops.
 * `left` are the others that gave something, with the reason: [{id, reason}].
 */
export function pinnable(nodes, runs) {
  const last = new Map(), inRounds = new Set();
  for (const run of runs) {
    if (ofRounds(run)) inRounds.add(run.node);
    else if (!run.scope.length) last.set(run.node, run);
  }
  const ids = [], left = [];
  for (const { id } of nodes) {
    const run = last.get(id);
    if (inRounds.has(id)) left.push({ id, reason: "loop" });
    else if (run?.status === "success" && Object.values(run.items ?? {}).some((number) => number > 0)) ids.push(id);
  }
  return { ids, left };
}

/**
 * The operations that pin what was found, as much as fits: `found` is [{id, rows, files} or {id, reason}].
 * Gives {operations, left: [{id, reason}], files: [id]}; `files` are the steps whose files stay behind.
 */
export function pinOperations(found, most = RUN_LIMIT, each = PIN_LIMIT) {
  const operations = [], left = [], files = [];
  let all = 0;
  for (const { id, rows, reason, files: has } of found) {
    const size = rows ? sizeOf(rows) : 0;
    if (reason) left.push({ id, reason });
    else if (size > each || all + size > most) left.push({ id, reason: "size" });
    else {
      all += size;
      operations.push({ kind: "set", node: id, path: ["pinned"], value: rows });
      if (has) files.push(id);
    }
  }
  return { operations, left, files };
}
