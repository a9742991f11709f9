// The details of one step, over the canvas: what comes in, what it is set to, what comes out.
import { useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ChevronDown, Play, Trash2, X } from "lucide-react";
import { formatNumber, t } from "../texts/texts.js";
import { ActivityPane } from "./activity.jsx";
import { Dropdown } from "./dropdown.jsx";
import { useFieldWanted } from "./fields.jsx";
import { InputPane } from "./input.jsx";
import { OutputPane } from "./output.jsx";
import { Panes } from "./panes.jsx";
import { renameNode } from "./references.js";
import { totalItems, useNodeState, useRun } from "./runs.js";
import { SetupPane } from "./setup.jsx";
import { neighbours } from "./sources.js";
import { StatusMark, StudioContext } from "./step.jsx";
import { RunChooser, VisitedBanner } from "./visited.jsx";
import "./panel.css";

const FINAL = new Set(["success", "error", "cancelled"]);
const PASSED_ON = new Set(["enter", "z", "y", "k", "s"]); // with Ctrl: what still concerns the whole editor

function Neighbours({ ids, side, onOpen }) {
  const { store, catalogue } = useContext(StudioContext);
  if (!ids.length) return null;
  return (
    <nav className={`fs-neighbours fs-neighbours-${side}`} aria-label={t(`panel.${side}`)}>
      {ids.slice(0, 6).map((id) => {
        const node = store.node(id);
        if (!node) return null;
        const Icon = catalogue.icon(node.data.type);
        const label = t(side === "before" ? "panel.previous_step" : "panel.next_step", { label: store.label(node) });
        return <button key={id} type="button" style={{ "--fs-type": catalogue.color(node.data.type) }} aria-label={label} title={label} onClick={() => onOpen(id)}><Icon size={17} aria-hidden="true" /></button>;
      })}
    </nav>
  );
}

/** Run the step, up to it, from it. */
function RunMenu({ id, trigger }) {
  const { runs, start } = useContext(StudioContext);
  const active = useRun(runs, (store) => store.active);
  const over = useRun(runs, (store) => Boolean(store.execution && FINAL.has(store.execution.status) && !store.execution.data_dropped));
  const [asking, setAsking] = useState(false);
  if (!start) return null;
  const busy = active || asking;
  const go = async (what) => {
    setAsking(true);
    await start(what);
    setAsking(false);
  };
  const shown = over ? runs.execution.id : undefined;
  return (
    <span className="fs-run-step">
      <button type="button" className="fs-button fs-button-small fs-button-primary" disabled={busy} title={t(shown ? "panel.run_step_kept" : "panel.run_step_hint")} onClick={() => go({ node: id, execution: shown })}>
        <Play size={13} fill="currentColor" aria-hidden="true" /> {t("panel.run_step")}
      </button>
      <Dropdown className="fs-button fs-button-small fs-button-primary" label={t("panel.run_more")} icon={ChevronDown} disabled={busy} items={[
        { label: t("panel.run_to"), hint: t("panel.run_to_hint"), onPick: () => go({ until: id }) },
        ...(trigger ? [] : [{ label: t("panel.run_from"), hint: t(shown ? "panel.run_from_hint" : "panel.run_from_none"), disabled: !shown, onPick: () => go({ node: id, execution: shown, onward: true }) }]),
      ]} />
    </span>
  );
}

/** The step's name. Taken over when the person is done, for every expression that names the step follows. */
function Name({ store, node, type, mayEdit }) {
  const name = store.label(node);
  const [text, setText] = useState(name);
  const input = useRef(null);
  useEffect(() => setText(name), [name, node.id]);
  const keep = () => text !== name && setText(renameNode(store, node.id, text) ?? name);
  const keys = (event) => {
    if (event.key === "Enter") input.current.closest("[role=dialog]").focus({ preventScroll: true });
    if (event.key !== "Escape" || text === name) return;
    event.stopPropagation();
    setText(name);
  };
  return (
    <div className="fs-details-name">
      <input ref={input} aria-label={t("panel.name")} className="fs-input fs-input-title" maxLength={200} value={text} disabled={!mayEdit} onChange={(event) => setText(event.target.value)} onBlur={keep} onKeyDown={keys} />
      <small>{type.missing ? t("panel.unknown_type", { type: node.data.type }) : type.label}</small>
    </div>
  );
}

export function NodePanel({ id, dark, onOpen, onClose }) {
  const { catalogue, store, runs, portsOf, start, mayEdit, mayRun, mayAdmin } = useContext(StudioContext);
  const node = useSyncExternalStore(store.subscribe, () => store.node(id));
  const edges = useSyncExternalStore(store.subscribe, () => store.snapshot.edges);
  const state = useNodeState(runs, id);
  const box = useRef(null);
  const [run, setRun] = useState(null);
  const [linked, setLinked] = useState(null);
  const [focus, setFocus] = useState(null);
  const [editing, setEditing] = useState(null); // {id, rows} while data are written by hand
  const [tab, setTab] = useState(() => (state ? "output" : "centre"));
  useFieldWanted(id, () => setTab("centre"));
  const around = useMemo(() => neighbours(edges, id), [edges, id]);
  const shown = useRun(runs, (store_) => store_.execution?.id);

  useEffect(() => { setRun(null); setFocus(null); setLinked(null); }, [shown, id]);
  // The focus comes in with the panel and goes back where it was.
  useEffect(() => {
    const before = document.activeElement;
    if (!box.current?.contains(before)) box.current?.focus({ preventScroll: true });
    return () => before?.isConnected && before !== document.body && before.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    const close = (event) => event.key === "Escape" && event.target === document.body && onClose();
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [onClose]);
  if (!node) return null;

  const type = catalogue.type(node.data.type);
  const Icon = catalogue.icon(node.data.type);
  const { inputs, sub } = portsOf(id);
  const hasInput = inputs.length > 0;
  const keys = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.stopPropagation();
      onClose();
    } else if (!((event.ctrlKey || event.metaKey) && PASSED_ON.has(event.key.toLowerCase()))) {
      event.stopPropagation(); // the canvas below has keys of its own
    }
  };
  const own = (event) => event.stopPropagation();
  const point = (places) => setLinked(places && new Map(places.map(({ port }) => [port, new Set(places.filter((place) => place.port === port).map(({ index }) => index))])));
  const showItem = (index) => { setFocus({ index }); setTab("input"); };
  const writeFor = (source) => {
    onOpen(source);
    setEditing({ id: source, rows: [] });
    setTab("output");
  };
  const over = shown && FINAL.has(runs.execution?.status) && !runs.execution.data_dropped;
  const runStep = start && (() => start({ node: id, execution: over ? shown : undefined }));
  const items = state && state.status !== "skipped" ? totalItems(state) : null;
  const panes = [
    ...(hasInput ? [{ side: "input", title: t("panel.input"), content: (head) => <InputPane key={id} head={head} node={node} run={run} linked={linked} focus={focus} onEditSource={writeFor} /> }] : []),
    { side: "centre", title: t("panel.setup"), content: () => <SetupPane key={id} store={store} node={node} type={type} scope={run?.scope} mayEdit={mayEdit} mayAdmin={mayAdmin} dark={dark} /> },
    ...(sub ? [{ side: "output", title: t("steps.activity"), content: (head) => <ActivityPane key={id} head={head} id={id} /> }] : [{
      side: "output", title: t("panel.output"), count: items == null ? null : formatNumber(items),
      content: (head) => <OutputPane key={id} head={head} node={node} run={run} onRun={setRun} onPoint={point} onItem={hasInput ? showItem : undefined} dark={dark} editing={editing?.id === id ? editing.rows : null} setEditing={(rows) => setEditing(rows && { id, rows })} onRunStep={runStep} />,
    }]),
  ];

  return (
    <div className="fs-details-layer" onKeyDown={keys} onCopy={own} onCut={own} onPaste={own} onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <Neighbours ids={around.before} side="before" onOpen={onOpen} />
      <div ref={box} className="fs-details" role="dialog" aria-label={t("panel.of", { label: store.label(node) })} tabIndex={-1}>
        <header className="fs-details-head" style={{ "--fs-type": catalogue.color(node.data.type) }}>
          <span className="fs-step-icon"><Icon size={18} aria-hidden="true" /></span>
          <Name key={id} store={store} node={node} type={type} mayEdit={mayEdit} />
          <StatusMark state={state} />
          <span className="fs-gap" />
          {mayRun && !sub && <RunMenu id={id} trigger={type.trigger} />}
          {!sub && <RunChooser />}
          {mayEdit && <button type="button" className="fs-tool" aria-label={t("panel.delete")} title={t("panel.delete")} onClick={() => { onClose(); store.remove([id]); }}><Trash2 size={16} aria-hidden="true" /></button>}
          <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("panel.close_hint")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
        </header>
        <VisitedBanner />
        <Panes panes={panes} tab={tab} setTab={setTab} />
      </div>
      <Neighbours ids={around.after} side="after" onOpen={onOpen} />
    </div>
  );
}
