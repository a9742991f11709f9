// The connections between cards: how many items went along, and what can be done with them.
import { memo, useContext } from "react";
import { BaseEdge, EdgeLabelRenderer, getBezierPath, getSmoothStepPath } from "@xyflow/react";
import { Plus, Trash2 } from "lucide-react";
import { count, formatNumber, t } from "../texts/texts.js";
import { useNodeState } from "./runs.js";
import { useSignal } from "./signal.js";
import { StudioContext } from "./step.jsx";
import { useSurface } from "./surface.js";

const ROOMY = 110; // pixels from which "1,432 items" fits between two steps
const BACK = 20; // an edge that leads back by more than this goes around, below its steps
const BELOW = 88;

/** Insert a step, or delete: in the middle of the connection that the pointer is over or that is selected. */
function EdgeTools({ id, source, target, x, y, sub }) {
  const { store, show, signals } = useSurface();
  if (!store.node(source) || !store.node(target)) return null; // it is being deleted
  const names = { from: store.label(store.node(source)), to: store.label(store.node(target)) };
  const insert = t("canvas.insert", names), remove = t("canvas.disconnect", names);
  return (
    <div
      className="fs-edge-tools nodrag nopan" style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
      onPointerEnter={() => signals.edge.set(id)} onPointerLeave={() => signals.edge.set(null)}
    >
      {!sub && (
        <button type="button" className="fs-plus" aria-label={insert} title={insert} onClick={() => show({ kind: "palette", at: { edge: id } })}>
          <Plus size={14} strokeWidth={2.5} aria-hidden="true" />
        </button>
      )}
      <button type="button" className="fs-plus" aria-label={remove} title={remove} onClick={() => { signals.edge.set(null); store.remove([], [id]); }}>
        <Trash2 size={13} aria-hidden="true" />
      </button>
    </div>
  );
}

export const Connection = memo(function Connection({
  id, source, target, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, sourceHandleId, targetHandleId, selected, markerEnd,
}) {
  const { runs, portsOf } = useContext(StudioContext);
  const { mayEdit, signals } = useSurface();
  const near = useSignal(signals.edge, (value) => value === id);
  const state = useNodeState(runs, source);
  const next = useNodeState(runs, target);
  const sub = portsOf(target).slots?.some((slot) => slot.id === targetHandleId) ?? false;
  const ends = { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition };
  const [path, x, y] = !sub && targetX < sourceX - BACK
    ? getSmoothStepPath({ ...ends, borderRadius: 16, offset: 28, centerY: Math.max(sourceY, targetY) + BELOW })
    : getBezierPath(ends);
  const { outputs } = portsOf(source);
  const items = sub ? 0 : state?.items?.[sourceHandleId ?? outputs[0]?.id ?? "main"];
  const over = !sub && state && state.status !== "running" && state.status !== "waiting";
  const look = ["fs-edge", sub && "is-sub", (selected || near) && "is-selected", items > 0 && (next?.status === "running" ? "is-running" : "is-live"), over && !items && "is-dead"]
    .filter(Boolean).join(" ");
  const label = items > 0 && count(items, "canvas.item", "canvas.items");
  const narrow = targetX - sourceX < ROOMY;
  const tools = mayEdit && (near || selected);
  return (
    <>
      <BaseEdge id={id} path={path} className={look} markerEnd={markerEnd} interactionWidth={18} />
      {items > 0 && (
        <EdgeLabelRenderer>
          <span className="fs-edge-items" title={label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${tools ? y - 24 : y}px)` }}>
            {narrow ? formatNumber(items) : label}{narrow && <span className="fs-visually-hidden"> {label}</span>}
          </span>
        </EdgeLabelRenderer>
      )}
      {tools && <EdgeLabelRenderer><EdgeTools id={id} source={source} target={target} x={x} y={y} sub={sub} /></EdgeLabelRenderer>}
    </>
  );
});
