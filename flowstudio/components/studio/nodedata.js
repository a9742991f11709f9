// The data of a node in the shown execution, page by page.
import { useEffect, useState } from "react";
import { ApiError, get } from "./api.js";
import { useNodeState, useRun } from "./runs.js";

export const PAGE = 50;
export const START = { offset: 0, search: "", run: null };
const KEPT = 40;
const answers = new Map(); // of finished node runs; they never change
const UNREADY = new Set(["running", "skipped", "queued"]);

export const execution = (id) => `/executions/${encodeURIComponent(id)}`;
export const nodePath = (run, id) => `${execution(run)}/nodes/${encodeURIComponent(id)}`;

/** The query of one try in one loop iteration; `run` is {scope, attempt} or null for the last. */
export function runQuery(run) {
  return run ? { scope: JSON.stringify(run.scope), ...(run.attempt && { attempt: String(run.attempt) }) } : {};
}

async function read(path, stamp, signal) {
  const key = `${stamp} ${path}`;
  if (answers.has(key)) return answers.get(key);
  const answer = await get(path, { signal });
  answers.set(key, answer);
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
  return answer;
}

/** {execution, state, data, error} of a node; asked again when its state or the query changes. */
export function useNodeData(runs, id, { offset, search, run }) {
  const shown = useRun(runs, (store) => store.execution?.id);
  const state = useNodeState(runs, id);
  const [answer, setAnswer] = useState({});
  const ready = id && shown && state && !UNREADY.has(state.status);
  const stamp = ready ? `${state.status}/${state.runs}/${state.finished_at}/${state.milliseconds}` : null;
  useEffect(() => {
    if (!stamp) return undefined;
    const gone = new AbortController();
    const query = new URLSearchParams({ offset, limit: PAGE, pairs: true, ...(search && { search }), ...runQuery(run) });
    read(`${nodePath(shown, id)}/?${query}`, stamp, gone.signal)
      .then((data) => !gone.signal.aborted && setAnswer({ of: `${shown}/${id}`, data }))
      .catch((failure) => failure instanceof ApiError && setAnswer({ of: `${shown}/${id}`, error: failure.message }));
    return () => gone.abort();
  }, [shown, id, stamp, offset, search, run]);
  // While another page comes, the one before stays; the data of another step or run never does.
  const fits = ready && answer.of === `${shown}/${id}`;
  return { execution: shown, state, data: fits ? answer.data : null, error: fits ? answer.error : null, loading: Boolean(ready) && !fits };
}
