// What a sub-node did for the steps that it belongs to, in the shown execution.
import { useContext, useMemo } from "react";
import { t } from "../texts/texts.js";
import { get } from "./api.js";
import { useRun } from "./runs.js";
import { StudioContext } from "./step.jsx";
import { StepList } from "./steps.jsx";

export function ActivityPane({ head, id }) {
  const { store, runs } = useContext(StudioContext);
  const execution = useRun(runs, (run) => run.execution?.id);
  const log = useRun(runs, (run) => run.log.runs);
  const steps = useMemo(() => log.flatMap((run) => (run.steps ?? []).filter((step) => step.node === id && run.node !== id)
    .map((step) => ({ ...step, run, key: JSON.stringify([run.node, run.scope, run.attempt, step.number]) }))), [log, id]);
  const load = async ({ run, number }) => {
    const query = new URLSearchParams({ scope: JSON.stringify(run.scope), attempt: String(run.attempt), limit: "1" });
    const { runs: told } = await get(`/executions/${encodeURIComponent(execution)}/nodes/${encodeURIComponent(run.node)}/?${query}`);
    return told.find((one) => one.attempt === run.attempt && JSON.stringify(one.scope) === JSON.stringify(run.scope))?.steps.find((step) => step.number === number) ?? null;
  };
  return (
    <>
      {head()}
      <div className="fs-pane-body">
        {steps.length > 0 ? <div className="fs-data-scroll"><StepList steps={steps} nameOf={(node) => (store.node(node) ? store.label(store.node(node)) : "")} load={load} /></div>
          : <div className="fs-pane-empty"><p>{t(execution ? "steps.activity_none" : "steps.activity_unrun")}</p></div>}
      </div>
    </>
  );
}
