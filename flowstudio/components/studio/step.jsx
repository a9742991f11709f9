// A step's card.
import { Fragment, createContext, memo, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Handle, Position } from "@xyflow/react";
import { Check, CircleAlert, CircleSlash, History, Hourglass, MessageSquareText, Pin, Plus, Unplug, X } from "lucide-react";
import { formatDuration, t } from "../texts/texts.js";
import { lacksModel } from "./models.js";
import { namesPorts, portAt, slotAt } from "./geometry.js";
import { renameNode } from "./references.js";
import { useNodeState } from "./runs.js";
import { useSignal } from "./signal.js";
import { useSurface, useUsedPorts } from "./surface.js";
import { StepToolbar } from "./toolbar.jsx";

/** {catalogue, runs, problems: Map(node id -> messages), portsOf(id), open(id), start(…)} */
export const StudioContext = createContext(null);

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

/** A small sign on a card's corner that explains itself. */
function Mark({ icon: Icon, kind, text }) {
  return (
    <span className={`fs-mark fs-mark-${kind}`} role="img" aria-label={text} data-tip={text}>
      <Icon size={12} strokeWidth={2.5} aria-hidden="true" />
    </span>
  );
}

const percent = (index, length) => `${portAt(index, length) * 100}%`;
const along = (index, length) => `${slotAt(index, length) * 100}%`;

/** What a port is called where it is not seen, by `kind`: input, output, slot or supply. */
const named = (kind, name, port) => ({ role: "button", "aria-label": t(`canvas.${port ? `${kind}_port` : kind}`, { name, port }) });

function Ports({ name, ports, type, position }) {
  return ports.map((port, index) => {
    const style = { top: percent(index, ports.length) };
    const label = namesPorts(ports) && (port.label || port.id);
    const words = named(type === "target" ? "input" : "output", name, label);
    return (
      <Fragment key={port.id}>
        <Handle id={port.id} type={type} position={position} style={style} className={`fs-port fs-port-${port.id}`} {...words} />
        {label && <span className={`fs-port-label fs-port-label-${type}`} style={style} title={label}>{label}</span>}
      </Fragment>
    );
  });
}

function Slots({ name, slots }) {
  return slots.map((slot, index) => {
    const style = { left: along(index, slots.length) };
    return (
      <Fragment key={slot.id}>
        <span className="fs-slot-label" style={style} title={slot.label}>{slot.label}{slot.required && <span aria-hidden="true"> *</span>}</span>
        <Handle id={slot.id} type="target" position={Position.Bottom} style={style} className="fs-port fs-slot" {...named("slot", name, slot.label)} />
      </Fragment>
    );
  });
}

/** A plus at every output that leads nowhere yet, and at every slot that takes more. */
function Openings({ id, name, ports, used }) {
  const { show } = useSurface();
  const plus = (key, className, style, label, at) => (
    <span key={key} className={`fs-opening ${className}`} style={style}>
      <button
        type="button" className="fs-plus nodrag nopan" aria-label={label} title={label}
        onClick={(event) => { event.stopPropagation(); show({ kind: "palette", at }); }}
      >
        <Plus size={14} strokeWidth={2.5} aria-hidden="true" />
      </button>
    </span>
  );
  const outputs = ports.sub ? [] : ports.outputs;
  return [
    ...outputs.map((port, index) => !used.has(`out/${port.id}`) && plus(
      `out/${port.id}`, "fs-opening-after", { top: percent(index, outputs.length) },
      outputs.length > 1 ? t("canvas.add_after_port", { name, port: port.label || port.id }) : t("canvas.add_after", { name }),
      { after: id, port: port.id },
    )),
    ...(ports.slots ?? []).map((slot, index) => (slot.many || !used.has(`in/${slot.id}`)) && plus(
      `in/${slot.id}`, `fs-opening-below${used.has(`in/${slot.id}`) ? " is-used" : ""}`, { left: along(index, ports.slots.length) },
      t("canvas.add_to_slot", { name, slot: slot.label }), { owner: id, slot: slot.id },
    )),
  ];
}

/** The name, as a field while it is changed in place. */
function Name({ id, label }) {
  const { actions, signals, store } = useSurface();
  const editing = useSignal(signals.renaming, (value) => value === id);
  const field = useRef(null);
  useEffect(() => {
    if (!editing) return undefined;
    const frame = requestAnimationFrame(() => { field.current?.focus(); field.current?.select(); }); // after a menu gave the focus back
    return () => cancelAnimationFrame(frame);
  }, [editing]);
  if (!editing) return <span className="fs-step-name">{label}</span>;
  const done = (keep) => {
    if (signals.renaming.value !== id) return;
    const wanted = field.current?.value.trim();
    signals.renaming.set(null);
    if (keep && wanted && wanted !== label) renameNode(store, id, wanted);
    actions.focusNode(id);
  };
  return (
    <input
      ref={field} className="fs-input fs-step-rename nodrag nopan" aria-label={t("canvas.rename_field", { name: label })} defaultValue={label} maxLength={200}
      onClick={(event) => event.stopPropagation()} onBlur={() => done(true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
      }}
    />
  );
}

const useStale = (runs, id) => useSyncExternalStore(
  useCallback((listener) => runs.subscribeNode(id, listener), [runs, id]),
  () => Boolean(runs.stale?.has(id)),
  () => false,
);

export const Step = memo(function Step({ id, data, selected }) {
  const { catalogue, runs, problems, portsOf } = useContext(StudioContext);
  const { store, mayEdit, signals } = useSurface();
  const state = useNodeState(runs, id);
  const stale = useStale(runs, id);
  const used = useUsedPorts(store, id);
  const found = useSignal(signals.found, (value) => value === id);
  const [near, setNear] = useState(false); // the tool bar is made when it may be needed
  const type = catalogue.type(data.type);
  const Icon = catalogue.icon(data.type);
  const ports = portsOf(id);
  const label = data.label || type.label;
  const subtitle = data.disabled ? t("canvas.disabled") : catalogue.subtitle(data.type, data.properties);
  const faults = problems.get(id);
  const unplugged = !faults && !data.disabled && state?.status !== "success" && lacksModel(type, data, used);
  const look = ["fs-step", type.trigger && "fs-step-trigger", ports.sub && "fs-step-sub", selected && "is-selected", data.disabled && "is-disabled",
    ports.slots?.length > 0 && "has-slots", namesPorts(ports.inputs) && "names-inputs", namesPorts(ports.outputs) && "names-outputs",
    found && "is-found", stale && "is-stale", state && `fs-is-${state.status}`].filter(Boolean).join(" ");
  return (
    <div className={look} style={{ "--fs-type": catalogue.color(data.type) }} data-status={state?.status ?? "idle"} onPointerEnter={() => setNear(true)}>
      <Ports name={label} ports={ports.inputs} type="target" position={Position.Left} />
      {ports.sub
        ? <Handle id={ports.outputs[0].id} type="source" position={Position.Top} className="fs-port fs-slot" {...named("supply", label)} />
        : <Ports name={label} ports={ports.outputs} type="source" position={Position.Right} />}
      {ports.slots && <Slots name={label} slots={ports.slots} />}
      <span className="fs-step-icon"><Icon size={ports.sub ? 17 : 20} aria-hidden="true" /></span>
      <span className="fs-step-text">
        <Name id={id} label={label} />
        {subtitle && <span className="fs-step-subtitle">{subtitle}</span>}
      </span>
      <span className="fs-marks">
        {data.notes && <Mark icon={MessageSquareText} kind="note" text={t("canvas.note_mark", { text: data.notes })} />}
        {data.pinned && <Mark icon={Pin} kind="pinned" text={t("canvas.pinned_mark")} />}
        {stale && <Mark icon={History} kind="stale" text={t("canvas.stale_mark")} />}
        {unplugged && <Mark icon={Unplug} kind="problem" text={t(`canvas.lacks_${unplugged}`)} />}
        {faults && <Mark icon={CircleAlert} kind="problem" text={faults.join("\n")} />}
        <StatusMark state={state} />
      </span>
      {state?.milliseconds != null && state.status !== "skipped" && <span className="fs-step-time">{formatDuration(state.milliseconds)}</span>}
      {mayEdit && <Openings id={id} name={label} ports={ports} used={used} />}
      {(near || selected) && <StepToolbar id={id} name={label} data={data} sub={ports.sub} />}
    </div>
  );
});
