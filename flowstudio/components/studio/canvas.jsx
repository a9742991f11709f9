// React Flow, fed by the stores.
import { memo, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Background, BackgroundVariant, MiniMap, Panel, ReactFlow, SelectionMode, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { Maximize, Network, Plus, Redo2, Undo2, ZoomIn, ZoomOut } from "lucide-react";
import { toast } from "sonner";
import { t } from "../texts/texts.js";
import { GRID, needsTidying, placeFor, tidy } from "./geometry.js";
import { Palette } from "./palette.jsx";
import { Connection, Step } from "./step.jsx";

const nodeTypes = { step: Step };
const edgeTypes = { flow: Connection };
const FIT = { padding: 0.16, maxZoom: 1.1 };
const MIME = "application/x-flowstudio-step";
const MANY = 120; // from here on only what is visible is drawn

const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable=true], .cm-editor, dialog");

function Tool({ icon: Icon, label, ...rest }) {
  return <button type="button" className="fs-tool" aria-label={label} title={label} {...rest}><Icon size={16} aria-hidden="true" /></button>;
}

export const Canvas = memo(function Canvas({ store, catalogue, mayEdit, dark, opened, onOpen, onRun }) {
  const { nodes, edges, canUndo, canRedo } = useSyncExternalStore(store.subscribe, () => store.snapshot);
  const flow = useReactFlow();
  const wrapper = useRef(null);
  const [palette, setPalette] = useState(null); // {position?, from?} while it is open

  const fit = useCallback(() => flow.fitView({ ...FIT, duration: 250 }), [flow]);
  const arrange = useCallback(async () => {
    const current = store.snapshot;
    return tidy(current.nodes, current.edges);
  }, [store]);
  const layout = useCallback(async () => {
    store.move(await arrange());
    requestAnimationFrame(fit);
  }, [arrange, store, fit]);

  // A document without positions is laid out for the eye; that alone is no change to save.
  useEffect(() => {
    if (!needsTidying(store.snapshot.nodes)) return;
    arrange().then((to) => {
      store.place(to);
      requestAnimationFrame(() => flow.fitView(FIT));
    });
  }, [store, arrange, flow]);

  // The panel takes room away: keep the step that it is about in sight.
  useEffect(() => {
    const node = opened && store.node(opened);
    if (!node) return undefined;
    const frame = requestAnimationFrame(() => {
      const box = wrapper.current.getBoundingClientRect();
      const { x, y } = flow.flowToScreenPosition(node.position);
      const zoom = flow.getZoom();
      const right = x + node.measured.width * zoom, bottom = y + node.measured.height * zoom;
      if (x >= box.left && y >= box.top && right <= box.right && bottom <= box.bottom) return;
      flow.setCenter(node.position.x + node.measured.width / 2, node.position.y + node.measured.height / 2, { zoom, duration: 250 });
    });
    return () => cancelAnimationFrame(frame);
  }, [opened, store, flow]);

  const add = useCallback((type) => {
    const selected = store.snapshot.nodes.filter((node) => node.selected);
    const from = palette?.position ? null : selected.length === 1 ? selected[0] : null;
    const canStart = from && store.catalogue.ports(from.data.type, from.data, store.ports[from.id]).outputs.length > 0;
    const trigger = store.catalogue.type(type).trigger;
    const box = wrapper.current.getBoundingClientRect();
    const center = flow.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
    const place = palette?.position ?? placeFor(store.snapshot.nodes, canStart && !trigger ? from : null, center);
    const id = store.addNode(type, place, canStart && !trigger ? { from: from.id, sourceHandle: from.ports.outputs[0]?.id } : {});
    setPalette(null);
    onOpen(id);
  }, [store, flow, palette, onOpen]);

  const onConnect = useCallback((connection) => store.connect(connection), [store]);
  const isValidConnection = useCallback((c) => c.source !== c.target || store.catalogue.type(store.node(c.source)?.data.type).loop === true, [store]);
  const onDelete = useCallback(({ nodes: ns, edges: es }) => store.remove(ns.map((n) => n.id), es.map((e) => e.id)), [store]);
  const onDrop = useCallback((event) => {
    const type = event.dataTransfer.getData(MIME);
    if (!type) return;
    event.preventDefault();
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX - 100, y: event.clientY - 32 });
    onOpen(store.addNode(type, { x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID }));
    setPalette(null);
  }, [flow, store, onOpen]);

  useEffect(() => {
    const copy = (event) => {
      if (typing(event) || String(getSelection())) return;
      const selection = store.selection();
      if (!selection.nodes.length) return;
      event.clipboardData.setData("text/plain", JSON.stringify({ flowstudio: "steps", ...selection }));
      event.preventDefault();
      toast(t("canvas.copied", { count: selection.nodes.length }));
      if (event.type === "cut" && mayEdit) store.remove(selection.nodes.map((node) => node.id));
    };
    const paste = (event) => {
      if (typing(event) || !mayEdit) return;
      const clip = parseClip(event.clipboardData.getData("text/plain"));
      if (!clip) return;
      event.preventDefault();
      store.paste(clip);
    };
    const key = (event) => {
      const command = event.ctrlKey || event.metaKey;
      const name = event.key.toLowerCase();
      if (command && name === "enter") {
        event.preventDefault();
        onRun?.();
        return;
      }
      if (typing(event) || event.altKey) return;
      if (name === "enter" && !command) {
        const selected = store.snapshot.nodes.filter((node) => node.selected);
        if (selected.length === 1 && event.target.closest(".react-flow__node")) onOpen(selected[0].id);
        return;
      }
      if (!command && name === "1") return void fit();
      if (!mayEdit) return;
      const action = command
        ? { z: event.shiftKey ? store.redo : store.undo, y: store.redo, a: () => store.selectAll(),
            d: () => store.selection().nodes.length && store.paste(store.selection()) }[name]
        : { n: () => setPalette({}), tab: event.target === document.body ? () => setPalette({}) : null }[name];
      if (!action) return;
      event.preventDefault();
      action();
    };
    const listeners = { copy, cut: copy, paste, keydown: key };
    Object.entries(listeners).forEach(([name, listener]) => document.addEventListener(name, listener));
    return () => Object.entries(listeners).forEach(([name, listener]) => document.removeEventListener(name, listener));
  }, [store, mayEdit, onOpen, onRun, fit]);

  const onNodeClick = useCallback((_, node) => onOpen(node.id), [onOpen]);
  const miniMapColor = useMemo(() => (node) => catalogue.color(node.data.type), [catalogue]);

  return (
    <div className="fs-canvas" ref={wrapper} role="region" aria-label={t("canvas.label")}>
      <ReactFlow
        nodes={nodes} edges={edges} nodeTypes={nodeTypes} edgeTypes={edgeTypes}
        onNodesChange={store.nodesChanged} onEdgesChange={store.edgesChanged}
        onConnect={onConnect} isValidConnection={isValidConnection} onDelete={onDelete}
        onNodeClick={onNodeClick} onDrop={mayEdit ? onDrop : undefined} onDragOver={allowDrop}
        nodesDraggable={mayEdit} nodesConnectable={mayEdit} deleteKeyCode={mayEdit ? DELETE_KEYS : null}
        colorMode={dark ? "dark" : "light"} selectionOnDrag panOnDrag={PAN_BUTTONS} panOnScroll
        selectionMode={SelectionMode.Partial} multiSelectionKeyCode={MULTI_KEYS} zoomOnDoubleClick={false}
        snapToGrid snapGrid={SNAP} minZoom={0.05} maxZoom={2} connectionRadius={32} fitView fitViewOptions={FIT}
        onlyRenderVisibleElements={nodes.length > MANY} proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={GRID + 4} size={2} />
        {nodes.length > 3 && <MiniMap pannable zoomable nodeColor={miniMapColor} nodeStrokeWidth={0} nodeBorderRadius={6} ariaLabel={t("canvas.minimap")} />}
        <Panel position="bottom-left" className="fs-tools">
          <Tool icon={ZoomIn} label={t("canvas.zoom_in")} onClick={() => flow.zoomIn({ duration: 150 })} />
          <Tool icon={ZoomOut} label={t("canvas.zoom_out")} onClick={() => flow.zoomOut({ duration: 150 })} />
          <Tool icon={Maximize} label={t("canvas.fit")} onClick={fit} />
          {mayEdit && <>
            <Tool icon={Network} label={t("canvas.layout")} onClick={layout} disabled={nodes.length < 2} />
            <Tool icon={Undo2} label={t("canvas.undo")} onClick={store.undo} disabled={!canUndo} />
            <Tool icon={Redo2} label={t("canvas.redo")} onClick={store.redo} disabled={!canRedo} />
          </>}
        </Panel>
        {mayEdit && (
          <Panel position="top-right">
            <button type="button" className="fs-button fs-button-raised" title={t("canvas.add_hint")} onClick={() => setPalette({})}>
              <Plus size={16} aria-hidden="true" /> {t("canvas.add")}
            </button>
          </Panel>
        )}
      </ReactFlow>
      {!nodes.length && mayEdit && !palette && (
        <div className="fs-canvas-empty">
          <h2>{t("canvas.empty_title")}</h2>
          <p>{t("canvas.empty_text")}</p>
          <button type="button" className="fs-button fs-button-primary" onClick={() => setPalette({})}>
            <Plus size={16} aria-hidden="true" /> {t("canvas.add_first")}
          </button>
        </div>
      )}
      {palette && <Palette catalogue={catalogue} mime={MIME} onPick={add} onClose={() => setPalette(null)} />}
    </div>
  );
});

const DELETE_KEYS = ["Delete", "Backspace"];
const MULTI_KEYS = ["Shift", "Meta", "Control"];
const PAN_BUTTONS = [1, 2];
const SNAP = [GRID, GRID];

function allowDrop(event) {
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

function parseClip(text) {
  try {
    const clip = JSON.parse(text);
    const usable = Array.isArray(clip?.nodes) && Array.isArray(clip.edges ?? []) && clip.nodes.every((node) => node?.id && node.type);
    return usable ? { nodes: clip.nodes.map((node) => ({ position: { x: 0, y: 0 }, data: {}, ...node })), edges: clip.edges ?? [] } : null;
  } catch {
    return null;
  }
}
