// A step's card and the connections between cards.
import { Fragment, createContext, memo, useContext } from "react";
import { BaseEdge, EdgeLabelRenderer, Handle, Position, getBezierPath, getSmoothStepPath } from "@xyflow/react";
import { Check, CircleAlert, CircleSlash, Hourglass, X } from "lucide-react";
import { count, formatDuration, formatNumber, t } from "../texts/texts.js";
import { namesPorts, portAt } from "./geometry.js";
import { useNodeState } from "./runs.js";

/** {catalogue, runs, problems: Map(node id -> messages), open(id)} */
export const StudioContext = createContext(null);

const ROOMY = 110; // pixels from which "1,432 items" fits between two steps
const BACK = 20; // an edge that leads back by more than this goes around, below its steps
const BELOW = 88;

const MARKS = { success: Check, error: X, waiting: Hourglass, skipped: CircleSlash };

export function StatusMark({ state, size = 12 }) {
  if (!state) return null;
  const Mark = MARKS[state.status];
  const status = t(`status.${state.status}`);
  const label = state.milliseconds == null ? status : t("canvas.finished_in", { status, time: formatDuration(state.milliseconds) });
  return (
    <span className={`fs-mark fs-mark-${state.status}`} role="img" aria-label={label} title={label}>
      {Mark && <Mark size={size} strokeWidth={3} aria-hidden="true" />}
    </span>
  );
}

function Ports({ ports, type, position }) {
  return ports.map((port, index) => {
    const style = { top: `${portAt(index, ports.length) * 100}%` };
    const label = namesPorts(ports) && (port.label || port.id);
    return (
      <Fragment key={port.id}>
        <Handle id={port.id} type={type} position={position} style={style} className={`fs-port fs-port-${port.id}`} />
        {label && <span className={`fs-port-label fs-port-label-${type}`} style={style} title={label}>{label}</span>}
      </Fragment>
    );
  });
}

export const Step = memo(function Step({ id, data, selected }) {
  const { catalogue, runs, problems, portsOf } = useContext(StudioContext);
  const state = useNodeState(runs, id);
  const type = catalogue.type(data.type);
  const Icon = catalogue.icon(data.type);
  const ports = portsOf(id);
  const subtitle = data.disabled ? t("canvas.disabled") : catalogue.subtitle(data.type, data.properties);
  const faults = problems.get(id);
  const look = ["fs-step", type.trigger && "fs-step-trigger", selected && "is-selected", data.disabled && "is-disabled",
    namesPorts(ports.inputs) && "names-inputs", namesPorts(ports.outputs) && "names-outputs",
    state && `fs-is-${state.status}`].filter(Boolean).join(" ");
  return (
    <div className={look} style={{ "--fs-type": catalogue.color(data.type) }} data-status={state?.status ?? "idle"}>
      <Ports ports={ports.inputs} type="target" position={Position.Left} />
      <Ports ports={ports.outputs} type="source" position={Position.Right} />
      <span className="fs-step-icon"><Icon size={20} aria-hidden="true" /></span>
      <span className="fs-step-text">
        <span className="fs-step-name">{data.label || type.label}</span>
        {subtitle && <span className="fs-step-subtitle">{subtitle}</span>}
      </span>
      {faults && !state && (
        <span className="fs-mark fs-mark-problem" role="img" aria-label={faults.join(" ")} title={faults.join("\n")}>
          <CircleAlert size={13} strokeWidth={2.5} aria-hidden="true" />
        </span>
      )}
      <StatusMark state={state} />
      {state?.milliseconds != null && state.status !== "skipped" && <span className="fs-step-time">{formatDuration(state.milliseconds)}</span>}
    </div>
  );
});

export const Connection = memo(function Connection({
  id, source, target, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, sourceHandleId, selected, markerEnd,
}) {
  const { runs, portsOf } = useContext(StudioContext);
  const state = useNodeState(runs, source);
  const next = useNodeState(runs, target);
  const ends = { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition };
  const [path, x, y] = targetX < sourceX - BACK
    ? getSmoothStepPath({ ...ends, borderRadius: 16, offset: 28, centerY: Math.max(sourceY, targetY) + BELOW })
    : getBezierPath(ends);
  const { outputs } = portsOf(source);
  const items = state?.items?.[sourceHandleId ?? outputs[0]?.id ?? "main"];
  const over = state && state.status !== "running" && state.status !== "waiting";
  const look = ["fs-edge", selected && "is-selected", items > 0 && (next?.status === "running" ? "is-running" : "is-live"), over && !items && "is-dead"]
    .filter(Boolean).join(" ");
  const label = items > 0 && count(items, "canvas.item", "canvas.items");
  const narrow = targetX - sourceX < ROOMY;
  return (
    <>
      <BaseEdge id={id} path={path} className={look} markerEnd={markerEnd} interactionWidth={16} />
      {items > 0 && (
        <EdgeLabelRenderer>
          <span className="fs-edge-items" title={label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {narrow ? formatNumber(items) : label}{narrow && <span className="fs-visually-hidden"> {label}</span>}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
