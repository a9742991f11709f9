// "Debug in editor": shows an execution in its workflow's editor, with its data pinned to the steps that gave it.
import { useEffect, useRef, useState } from "react";
import { toast } from "sonner";
import { ConfirmDialog } from "../shell/shell.jsx";
import { count, t } from "../texts/texts.js";
import { get } from "./api.js";
import { pinOperations, pinnable } from "./pinning.js";
import { findPin, leftOut } from "./pins.js";

const NAME = "debug";
const WHOLE = { scope: [] }; // outside of loops

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

/** How the results of an execution are pinned: see pinOperations. */
async function gather(store, execution) {
  const { ids, left } = pinnable(store.nodes, await wholeLog(`/executions/${encodeURIComponent(execution)}`));
  const { operations, files, left: more } = pinOperations(await Promise.all(ids.map((id) => findPin(store, execution, id, WHOLE))));
  return { operations, files, left: [...left, ...more] };
}

/** Gives the question to draw, while there is one. */
export function useDebug({ store, runs, workflow, mayEdit }) {
  const [plan, setPlan] = useState(null); // what would be pinned, while a person is asked
  const begun = useRef(false);

  const pin = (found) => {
    setPlan(null);
    store.apply(found.operations);
    const description = leftOut(store, found);
    toast.success(count(found.operations.length, "debug.pinned_one", "debug.pinned_many"), description ? { description, duration: 15_000 } : undefined);
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
        const found = await gather(store, id);
        if (!found.operations.length) return void toast(t("debug.nothing"), { description: leftOut(store, found) || undefined, duration: 15_000 });
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
