// "Debug in editor": shows an execution in its workflow's editor, with its data pinned to the steps that gave it.
import { useEffect, useRef, useState } from "react";
import { toast } from "sonner";
import { ConfirmDialog } from "../shell/shell.jsx";
import { count, t } from "../texts/texts.js";
import { get } from "./api.js";
import { pinOperations, pinnable, pinnedRows, MOST_ITEMS } from "./pinning.js";

const NAME = "debug";

/** The execution that the address asks for; asked for once, so that a reload does not pin again. */
function takeFromAddress() {
  const address = new URL(location.href);
  const id = address.searchParams.get(NAME);
  if (!id) return null;
  address.searchParams.delete(NAME);
  history.replaceState(history.state, "", address);
  return id;
}

async function wholeLog(path) {
  const runs = [];
  for (let after = null, more = true; more;) {
    const answer = await get(`${path}/runs/${after ? `?after=${after}` : ""}`);
    runs.push(...answer.runs);
    [after, more] = [answer.position, answer.more];
  }
  return runs;
}

/** What the steps of an execution gave: [node, rows or null] for each that can be pinned, and how many cannot. */
async function gather(store, path) {
  const first = (id) => store.node(id)?.ports.outputs[0]?.id;
  const { ids, skipped } = pinnable(store.nodes, await wholeLog(path), first);
  const found = await Promise.all(ids.map(async (id) => {
    const query = new URLSearchParams({ scope: "[]", limit: String(MOST_ITEMS), port: first(id) });
    const { outputs } = await get(`${path}/nodes/${encodeURIComponent(id)}/?${query}`);
    return [id, pinnedRows(outputs[first(id)]?.items ?? [])];
  }));
  const { operations, left } = pinOperations(found);
  return { operations, skipped: skipped + left };
}

/** Gives the question to draw, while there is one. */
export function useDebug({ store, runs, workflow, mayEdit }) {
  const [plan, setPlan] = useState(null); // what would be pinned, while a person is asked
  const begun = useRef(false);

  const pin = ({ operations, skipped }) => {
    setPlan(null);
    store.apply(operations);
    toast.success(count(operations.length, "debug.pinned_one", "debug.pinned_many"), skipped ? { description: count(skipped, "debug.skipped_one", "debug.skipped_many") } : undefined);
  };
  useEffect(() => {
    const id = !begun.current && takeFromAddress();
    if (!id) return;
    begun.current = true;
    const path = `/executions/${encodeURIComponent(id)}`;
    (async () => {
      try {
        const { execution } = await get(`${path}/`);
        if (execution.workflow_id !== workflow) return void toast.error(t("debug.other_workflow"));
        runs.follow(execution);
        if (!mayEdit) return;
        if (execution.data_dropped) return void toast.error(t("execution.not_kept"));
        const found = await gather(store, path);
        if (!found.operations.length) return void toast(t("debug.nothing"));
        if (found.operations.some(({ node }) => store.node(node)?.data.pinned)) setPlan(found);
        else pin(found);
      } catch (error) {
        toast.error(error.status === 404 ? t("execution.missing") : error.message);
      }
    })();
  }, [store, runs, workflow, mayEdit]); // eslint-disable-line react-hooks/exhaustive-deps -- `pin` only uses these

  return plan && (
    <ConfirmDialog open heading={t("debug.replace_title")} text={t("debug.replace_text")} confirm={t("debug.replace")} onConfirm={() => pin(plan)} onClose={() => setPlan(null)} />
  );
}
