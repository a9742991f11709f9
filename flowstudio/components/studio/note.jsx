// A sticky note: Markdown on coloured paper behind the steps.
import { memo, useContext, useEffect, useRef, useState } from "react";
import { NodeResizeControl, NodeToolbar } from "@xyflow/react";
import { t } from "../texts/texts.js";
import { GRID } from "./geometry.js";
import { Markdown } from "./markdown.jsx";
import { useSignal } from "./signal.js";
import { StudioContext } from "./step.jsx";
import { useSurface } from "./surface.js";
import { StepToolbar } from "./toolbar.jsx";

const SMALLEST = { minWidth: 96, minHeight: 64 };
const EDGES = ["right", "bottom", "bottom-right"];
const round = (value) => Math.round(value / GRID) * GRID;

function Writing({ id, text }) {
  const { actions, signals, store } = useSurface();
  const field = useRef(null);
  useEffect(() => {
    const frame = requestAnimationFrame(() => { field.current?.focus(); field.current?.setSelectionRange(text.length, text.length); });
    return () => cancelAnimationFrame(frame);
  }, []); // eslint-disable-line react-hooks/exhaustive-deps -- the cursor goes to the end once
  const done = (focus) => {
    if (signals.writing.value !== id) return;
    const value = field.current?.value ?? text;
    signals.writing.set(null);
    if (value !== text) store.apply([{ kind: "set", node: id, path: ["properties", "text"], value }]);
    if (focus) actions.focusNode(id);
  };
  return (
    <textarea
      ref={field} className="fs-note-field nodrag nopan nowheel" aria-label={t("canvas.note_field")} defaultValue={text} placeholder={t("canvas.note_placeholder")}
      onBlur={() => done(false)} onClick={(event) => event.stopPropagation()} onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) done(true);
      }}
    />
  );
}

function Colors({ id, color, options }) {
  const { store } = useSurface();
  return (
    <div className="fs-note-colors nodrag nopan" role="group" aria-label={t("canvas.note_color")} onClick={(event) => event.stopPropagation()}>
      {options.map(({ value, label }) => (
        <button
          key={value} type="button" className={`fs-note-${value}`} aria-label={label} title={label} aria-pressed={value === color}
          onClick={() => store.apply([{ kind: "set", node: id, path: ["properties", "color"], value }])}
        />
      ))}
    </div>
  );
}

export const Note = memo(function Note({ id, data, selected }) {
  const { catalogue } = useContext(StudioContext);
  const { store, mayEdit, signals } = useSurface();
  const writing = useSignal(signals.writing, (value) => value === id);
  const found = useSignal(signals.found, (value) => value === id);
  const [size, setSize] = useState(null); // while it is resized
  const { text = "", color = "yellow" } = data.properties;
  const type = catalogue.type(data.type);
  const colors = type.fields?.find((field) => field.name === "color")?.options ?? [];
  const resized = (_, { width, height }) => {
    setSize(null);
    store.apply([
      { kind: "set", node: id, path: ["properties", "width"], value: round(width) },
      { kind: "set", node: id, path: ["properties", "height"], value: round(height) },
    ]);
  };
  const look = ["fs-note", `fs-note-${colors.some(({ value }) => value === color) ? color : "yellow"}`, selected && "is-selected", found && "is-found"].filter(Boolean).join(" ");
  return (
    <div className={look} style={size ?? undefined}>
      {mayEdit && EDGES.map((edge) => (
        <NodeResizeControl
          key={edge} position={edge} variant={edge === "bottom-right" ? "handle" : "line"} className={`fs-note-${edge}`} {...SMALLEST}
          onResize={(_, { width, height }) => setSize({ width, height })} onResizeEnd={resized}
        />
      ))}
      {writing && mayEdit ? <Writing id={id} text={text} /> : (
        <div className="fs-note-text">{text ? <Markdown text={text} /> : <p className="fs-quiet">{t(mayEdit ? "canvas.note_empty" : "canvas.note_nothing")}</p>}</div>
      )}
      <NodeToolbar className="fs-note-bar" align="start" offset={6}>
        {mayEdit && <Colors id={id} color={color} options={colors} />}
        <StepToolbar id={id} name={data.label || type.label} data={data} note />
      </NodeToolbar>
    </div>
  );
});
