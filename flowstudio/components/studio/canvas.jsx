// React Flow, fed by the stores; what people do on it goes to the actions.
import { memo, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { Background, BackgroundVariant, MiniMap, Panel, ReactFlow, SelectionMode, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { Keyboard, Maximize, Network, Plus, Redo2, Search, StickyNote, Undo2, ZoomIn, ZoomOut } from "lucide-react";
import { t } from "../texts/texts.js";
import { FIT, useActions } from "./actions.js";
import { allowed } from "./edits.js";
import { Connection } from "./edge.jsx";
import { GRID, needsTidying } from "./geometry.js";
import { useKeyboard } from "./keyboard.js";
import { tidy } from "./layout.js";
import { Note } from "./note.jsx";
import { MIME, Overlay } from "./overlay.jsx";
import { keysOf } from "./shortcuts.js";
import { useSettled } from "./settled.js";
import { Signal } from "./signal.js";
import { Step, StudioContext } from "./step.jsx";
import { SurfaceContext } from "./surface.js";
import { recall, remember } from "./viewports.js";
import "./studio.css";
import "./canvas.css"; // after the studio's: it says more about some of the same parts

const nodeTypes = { step: Step, note: Note };
const edgeTypes = { flow: Connection };
const MANY = 120; // from here on only what is visible is drawn
const LINGER = 250; // ms that the tools of a connection stay when the pointer leaves it
const MULTI_KEYS = ["Shift", "Meta", "Control"];
const PAN_BUTTONS = [1, 2];
const SNAP = [GRID, GRID];
const MINIMAP = { width: 158, height: 102 };

function Tool({ icon: Icon, label, keys, ...rest }) {
  const name = keys ? t("canvas.with_keys", { label, keys: keysOf(keys) }) : label;
  return <button type="button" className="fs-tool" aria-label={name} title={name} {...rest}><Icon size={16} aria-hidden="true" /></button>;
}

const makeSignals = () => ({ renaming: new Signal(), writing: new Signal(), edge: new Signal(), found: new Signal() });

/** Where the mouse is over the canvas, in the drawing's coordinates. */
function usePointer(flow, wrapper) {
  const last = useRef(null);
  const onPointerMove = useCallback((event) => { last.current = { x: event.clientX, y: event.clientY }; }, []);
  const onPointerLeave = useCallback(() => { last.current = null; }, []);
  const pointer = useCallback(() => last.current && wrapper.current && flow.screenToFlowPosition(last.current), [flow, wrapper]);
  return { pointer, onPointerMove, onPointerLeave };
}

function Tools({ actions, mayEdit, few, canUndo, canRedo }) {
  return (
    <Panel position="bottom-left" className="fs-tools">
      <Tool icon={ZoomIn} label={t("canvas.zoom_in")} onClick={() => actions.zoom_in()} />
      <Tool icon={ZoomOut} label={t("canvas.zoom_out")} onClick={() => actions.zoom_out()} />
      <Tool icon={Maximize} label={t("canvas.fit")} keys="fit" onClick={() => actions.fit()} />
      {mayEdit && <>
        <Tool icon={Network} label={t("canvas.layout")} keys="tidy" onClick={() => actions.tidy()} disabled={few} />
        <Tool icon={Undo2} label={t("canvas.undo")} keys="undo" onClick={() => actions.undo()} disabled={!canUndo} />
        <Tool icon={Redo2} label={t("canvas.redo")} keys="redo" onClick={() => actions.redo()} disabled={!canRedo} />
        <Tool icon={StickyNote} label={t("shortcuts.note")} keys="note" onClick={() => actions.note()} />
      </>}
      <Tool icon={Search} label={t("shortcuts.search")} keys="search" onClick={() => actions.search()} />
      <Tool icon={Keyboard} label={t("shortcuts.sheet")} keys="sheet" onClick={() => actions.sheet()} />
    </Panel>
  );
}

function Empty({ onAdd }) {
  return (
    <div className="fs-canvas-empty">
      <button type="button" className="fs-first" aria-label={t("canvas.add_first")} onClick={onAdd}><Plus size={28} aria-hidden="true" /></button>
      <h2>{t("canvas.empty_title")}</h2>
      <p>{t("canvas.empty_text")}</p>
      <p className="fs-quiet">{t("canvas.empty_keys", { add: keysOf("add"), sheet: keysOf("sheet") })}</p>
    </div>
  );
}

export const Canvas = memo(function Canvas({ store, catalogue, mayEdit, dark, opened, onOpen, onRun }) {
  const { nodes, edges, canUndo, canRedo } = useSettled(store.subscribe, () => store.snapshot, Boolean(opened));
  const context = useContext(StudioContext);
  const flow = useReactFlow();
  const wrapper = useRef(null);
  const [overlay, show] = useState(null); // {kind, …} while a palette, menu or dialog is open
  const [signals] = useState(makeSignals);
  const [subject] = useState(() => context.subject ?? location.pathname);
  const [saved] = useState(() => context.subject === undefined && recall(subject, store.snapshot.nodes, innerWidth, innerHeight));
  const { pointer, onPointerMove, onPointerLeave } = usePointer(flow, wrapper);
  const open = context.open ?? onOpen;
  const actions = useActions({ store, flow, wrapper, context, mayEdit, open, run: onRun, signals, show, pointer });
  const mayRun = Boolean(onRun && context.mayRun);
  useKeyboard({ store, actions, mayEdit });

  const onClose = useCallback((refocus) => {
    show((current) => (current === overlay ? null : current));
    if (refocus !== true) return;
    const selected = store.snapshot.nodes.filter((node) => node.selected);
    if (selected.length) actions.focusNode(selected.at(-1).id);
    else wrapper.current?.focus({ preventScroll: true });
  }, [overlay, store, actions]);

  // What was in the middle stays there when the run log opens below or the window changes.
  useEffect(() => {
    let before = null;
    const observer = new ResizeObserver(([{ contentRect: { width, height } }]) => {
      if (before?.width && width && height) {
        const { x, y, zoom } = flow.getViewport();
        flow.setViewport({ x: x + (width - before.width) / 2, y: y + (height - before.height) / 2, zoom });
      }
      before = { width, height };
    });
    observer.observe(wrapper.current);
    return () => observer.disconnect();
  }, [flow]);

  // A document without positions is laid out for the eye; that alone is no change to save.
  useEffect(() => {
    const { nodes: drawn, edges: linked } = store.snapshot;
    if (!needsTidying(drawn)) return;
    tidy(drawn, linked).then((to) => {
      store.place(to);
      requestAnimationFrame(() => flow.fitView(FIT));
    });
  }, [store, flow]);

  // The panel takes room away: keep the step that it is about in sight. Once it closes, the step is where people go on.
  const lastOpened = useRef(null);
  useEffect(() => {
    const last = lastOpened.current;
    lastOpened.current = opened;
    if (!opened) {
      const { activeElement: at } = document;
      const free = !at || at === document.body || at === wrapper.current || at.closest(".react-flow__node");
      if (last && free && store.node(last)) {
        store.select([last]);
        actions.focusNode(last);
      }
      return undefined;
    }
    const frame = requestAnimationFrame(() => wrapper.current && actions.reveal(opened));
    return () => cancelAnimationFrame(frame);
  }, [opened, actions, store]);

  const onConnect = useCallback((connection) => store.connect(connection), [store]);
  const isValidConnection = useCallback((connection) => allowed(store, connection), [store]);
  const onConnectEnd = useCallback((event, { fromHandle, fromNode, toNode }) => {
    if (!fromHandle || toNode || !event.target.closest?.(".react-flow__pane")) return;
    const { clientX, clientY } = event.changedTouches?.[0] ?? event;
    const { x, y } = flow.screenToFlowPosition({ x: clientX, y: clientY });
    const from = store.node(fromNode.id);
    const slot = from.ports.slots?.find((one) => one.id === fromHandle.id);
    if (fromHandle.type === "source" && !from.ports.sub) show({ kind: "palette", at: { after: from.id, port: fromHandle.id, position: { x, y: y - 32 } } });
    else if (slot) show({ kind: "palette", at: { owner: from.id, slot: slot.id, position: { x: x - 88, y } } });
    else if (fromHandle.type === "target") show({ kind: "palette", at: { before: from.id, port: fromHandle.id, position: { x: x - 216, y: y - 32 } } });
  }, [flow, store]);
  const onDrop = useCallback((event) => {
    const type = event.dataTransfer.getData(MIME);
    if (!type) return;
    event.preventDefault();
    const edge = event.target.closest?.(".react-flow__edge")?.dataset.id;
    show(null);
    if (edge) return void actions.addAt(type, { edge });
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX - 100, y: event.clientY - 32 });
    actions.addAt(type, { position: { x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID } });
  }, [flow, actions]);

  const onNodeDoubleClick = useCallback((_, node) => {
    if (node.annotation) return void actions.open(node.id);
    getSelection()?.removeAllRanges(); // the second click marks a word otherwise
    open(node.id);
  }, [actions, open]);
  const onNodeContextMenu = useCallback((event, node) => {
    event.preventDefault();
    if (!store.node(node.id)?.selected) store.select([node.id]);
    show({ kind: "menu", ids: store.snapshot.nodes.filter((one) => one.selected).map((one) => one.id), x: event.clientX, y: event.clientY });
  }, [store]);
  const onSelectionContextMenu = useCallback((event, selected) => {
    event.preventDefault();
    show({ kind: "menu", ids: selected.map((node) => node.id), x: event.clientX, y: event.clientY });
  }, []);
  const onPaneContextMenu = useCallback((event) => {
    event.preventDefault();
    show({ kind: "menu", ids: [], x: event.clientX, y: event.clientY });
  }, []);
  const onEdgeEnter = useCallback((_, edge) => mayEdit && signals.edge.set(edge.id), [signals, mayEdit]);
  const onEdgeLeave = useCallback((_, edge) => setTimeout(() => {
    if (signals.edge.value === edge.id && !wrapper.current?.querySelector(".fs-edge-tools:hover")) signals.edge.set(null);
  }, LINGER), [signals]);
  // React Flow keeps a press on the canvas from moving the focus: keys would go on to the field that had it.
  const onPointerDown = useCallback((event) => {
    if (event.target.closest(".react-flow__pane")) wrapper.current.focus({ preventScroll: true });
  }, []);
  const onMoveEnd = useCallback((_, view) => context.subject === undefined && remember(subject, view), [subject, context.subject]);
  const miniMapColor = useMemo(() => (node) => (node.annotation ? "var(--fs-line)" : catalogue.color(node.data.type)), [catalogue]);
  const surface = useMemo(() => ({ store, actions, mayEdit, mayRun, show, signals }), [store, actions, mayEdit, mayRun, signals]);
  const many = useMemo(() => nodes.filter((node) => node.selected).length > 1, [nodes]);

  return (
    <SurfaceContext.Provider value={surface}>
      <div
        className={`fs-canvas${many ? " has-many" : ""}`} ref={wrapper} role="region" aria-label={t("canvas.label")} tabIndex={-1}
        onPointerDownCapture={onPointerDown} onPointerMove={onPointerMove} onPointerLeave={onPointerLeave}
      >
        <ReactFlow
          nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes}
          onNodesChange={store.nodesChanged} onEdgesChange={store.edgesChanged}
          onConnect={onConnect} onConnectEnd={mayEdit ? onConnectEnd : undefined} isValidConnection={isValidConnection}
          onNodeDoubleClick={onNodeDoubleClick} onNodeContextMenu={onNodeContextMenu}
          onSelectionContextMenu={onSelectionContextMenu} onPaneContextMenu={onPaneContextMenu}
          onEdgeMouseEnter={onEdgeEnter} onEdgeMouseLeave={onEdgeLeave} onMoveEnd={onMoveEnd}
          onDrop={mayEdit ? onDrop : undefined} onDragOver={allowDrop}
          nodesDraggable={mayEdit} nodesConnectable={mayEdit} edgesFocusable={false} deleteKeyCode={null} disableKeyboardA11y
          colorMode={dark ? "dark" : "light"} selectionOnDrag panOnDrag={PAN_BUTTONS} panOnScroll
          selectionMode={SelectionMode.Partial} multiSelectionKeyCode={MULTI_KEYS} zoomOnDoubleClick={false} elevateNodesOnSelect={false}
          snapToGrid snapGrid={SNAP} minZoom={0.05} maxZoom={2} connectionRadius={32}
          defaultViewport={saved || undefined} fitView={!saved} fitViewOptions={FIT}
          onlyRenderVisibleElements={nodes.length > MANY} proOptions={{ hideAttribution: true }}
        >
          <Background variant={BackgroundVariant.Dots} gap={GRID + 4} size={2} />
          {nodes.length > 3 && <MiniMap pannable zoomable nodeColor={miniMapColor} nodeStrokeWidth={0} nodeBorderRadius={6} style={MINIMAP} ariaLabel={t("canvas.minimap")} />}
          <Tools actions={actions} mayEdit={mayEdit} few={nodes.length < 2} canUndo={canUndo} canRedo={canRedo} />
          {mayEdit && (
            <Panel position="top-right">
              <button type="button" className="fs-button fs-button-raised" title={t("canvas.add_hint", { keys: keysOf("add") })} onClick={() => actions.add()}>
                <Plus size={16} aria-hidden="true" /> {t("canvas.add")}
              </button>
            </Panel>
          )}
        </ReactFlow>
        {!nodes.length && mayEdit && overlay?.kind !== "palette" && <Empty onAdd={() => actions.addLoose()} />}
        {overlay && <Overlay overlay={overlay} show={show} onClose={onClose} store={store} actions={actions} catalogue={catalogue} signals={signals} mayEdit={mayEdit} mayRun={mayRun} subject={subject} />}
      </div>
    </SurfaceContext.Provider>
  );
});

function allowDrop(event) {
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}
