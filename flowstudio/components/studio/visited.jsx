// Looking at the data of an earlier run: choosing one, and the way back to the latest.
import { useContext, useState } from "react";
import { History } from "lucide-react";
import { toast } from "sonner";
import { formatDuration, formatTime, t } from "../texts/texts.js";
import { get } from "./api.js";
import { Dropdown } from "./dropdown.jsx";
import { execution as pathOf } from "./nodedata.js";
import { useRun } from "./runs.js";
import { StudioContext } from "./step.jsx";

const LISTED = 20;

async function show(runs, id, earlier) {
  try {
    const { execution } = await get(`${pathOf(id)}/`);
    runs.follow({ ...execution, document: undefined, ports: undefined, earlier });
  } catch (error) {
    toast.error(error.message);
  }
}

const latest = (workflowId, limit) => get(`/workflows/${encodeURIComponent(workflowId)}/executions/?limit=${limit}`).then((page) => page.items);

const took = ({ started_at: from, finished_at: to }) => (from && to ? formatDuration(Math.max(0, new Date(to) - new Date(from))) : "");

/** The latest runs of the workflow, to look at their data. */
export function RunChooser() {
  const { runs, workflowId } = useContext(StudioContext);
  const shown = useRun(runs, (store) => store.execution);
  const [known, setKnown] = useState([]);
  if (!workflowId) return null;
  const load = () => latest(workflowId, LISTED).then(setKnown).catch((error) => toast.error(error.message));
  const items = known.map((run, index) => ({
    label: `${t(`status.${run.status}`)} · ${formatTime(run.started_at ?? run.created_at)}`,
    hint: [t(`modes.${run.mode}`), took(run)].filter(Boolean).join(" · "),
    checked: run.id === shown?.id,
    onPick: () => show(runs, run.id, index > 0),
  }));
  return <Dropdown label={t("panel.past_runs")} icon={History} items={items} onOpen={load} />;
}

/** Says that an earlier run is shown. */
export function VisitedBanner() {
  const { runs, workflowId } = useContext(StudioContext);
  const shown = useRun(runs, (store) => store.execution);
  if (!shown?.earlier || !workflowId) return null;
  const back = () => latest(workflowId, 1).then(([run]) => run && show(runs, run.id, false)).catch((error) => toast.error(error.message));
  return (
    <div className="fs-strip" role="status">
      <History size={14} aria-hidden="true" /> <span>{t("panel.visited", { time: formatTime(shown.started_at), status: t(`status.${shown.status}`).toLowerCase() })}</span>
      <button type="button" className="fs-link" onClick={back}>{t("panel.back_to_latest")}</button>
    </div>
  );
}
