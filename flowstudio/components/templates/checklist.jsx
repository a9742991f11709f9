// The setup checklist of a workflow that was made from a template: ticks itself off, and leads to the steps.
import { useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { ChevronDown, ChevronUp, Circle, CircleCheck, X } from "lucide-react";
import { t } from "../texts/texts.js";
import { get } from "../studio/api.js";
import { useRun } from "../studio/runs.js";
import { StudioContext } from "../studio/step.jsx";
import { isDone } from "./matching.js";
import "./checklist.css";

const MISSING = {}; // a template that this installation does not have (any more)
const NARROW = 900; // pixels up to which the checklist would cover the canvas
const NOTHING = { done: [], ran: false, closed: false };

/** What this browser remembers about a workflow's setup. */
function useMemory(workflow) {
  const key = `fs-setup:${workflow}`;
  const [memory, setMemory] = useState(() => {
    try {
      return { ...NOTHING, ...JSON.parse(localStorage.getItem(key)) };
    } catch {
      return NOTHING;
    }
  });
  const remember = (changes) => setMemory((before) => {
    const next = { ...before, ...changes };
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch { /* a full or forbidden storage only forgets */ }
    return next;
  });
  return [memory, remember];
}

export function SetupChecklist({ active }) {
  const { store, workflowId } = useContext(StudioContext);
  const name = useSyncExternalStore(store.subscribe, () => store.snapshot.meta.template ?? "");
  const [template, setTemplate] = useState(null);
  useEffect(() => {
    let gone = false;
    if (name) get(`/templates/${encodeURIComponent(name)}/`).then((found) => !gone && setTemplate(found)).catch(() => !gone && setTemplate(MISSING));
    return () => { gone = true; };
  }, [name]);
  const [memory, remember] = useMemory(workflowId);
  if (!name || memory.closed || template === MISSING) return null;
  if (template?.id !== name) return <section className="fs-checklist" aria-busy="true" aria-label={t("templates.setup")} />;
  return <Checklist {...{ active, template, memory, remember }} />;
}

function Checklist({ active, template, memory, remember }) {
  const { store, runs, open } = useContext(StudioContext);
  const [folded, setFolded] = useState(() => innerWidth <= NARROW);
  const nodes = useSyncExternalStore(store.subscribe, () => store.snapshot.nodes);
  const status = useRun(runs, (run) => run.execution?.status);
  useEffect(() => {
    if (status === "success" && !memory.ran) remember({ ran: true });
  }, [status, memory.ran]);
  const data = useMemo(() => new Map(nodes.map((node) => [node.id, node.data])), [nodes]);
  const facts = { find: (id) => data.get(id), ran: memory.ran || status === "success", active };
  const done = template.setup.map((step, index) => isDone(step, template, facts) || memory.done.includes(index));
  const finished = done.filter(Boolean).length;
  const toggle = (index) => remember({ done: memory.done.includes(index) ? memory.done.filter((i) => i !== index) : [...memory.done, index] });
  const Fold = folded ? ChevronDown : ChevronUp;
  return (
    <section className={`fs-checklist${folded ? " is-folded" : ""}`} aria-labelledby="fs-checklist-title">
      <header>
        <h2 id="fs-checklist-title">{t("templates.setup")}</h2>
        <span className="fs-checklist-count" role="status">{t("templates.progress", { done: finished, all: done.length })}</span>
        <span className="fs-gap" />
        <button type="button" className="fs-tool" aria-expanded={!folded} aria-label={t(folded ? "templates.unfold" : "templates.fold")} title={t(folded ? "templates.unfold" : "templates.fold")} onClick={() => setFolded(!folded)}><Fold size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("templates.dismiss")} title={t("templates.dismiss")} onClick={() => remember({ closed: true })}><X size={16} aria-hidden="true" /></button>
      </header>
      <progress className="fs-visually-hidden" max={done.length} value={finished} aria-labelledby="fs-checklist-title" />
      {!folded && (
        <ol>
          {template.setup.map((step, index) => (
            <li key={index} className={done[index] ? "is-done" : undefined}>
              <Mark step={step} done={done[index]} onToggle={() => toggle(index)} />
              <span>{step.text}{step.node && data.has(step.node) && <> <button type="button" className="fs-link" onClick={() => open(step.node)}>{t("templates.show", { name: store.label(store.node(step.node)) })}</button></>}</span>
            </li>
          ))}
          {finished === done.length && <li className="fs-checklist-end" role="status">{t("templates.finished")}</li>}
        </ol>
      )}
    </section>
  );
}

/** A step that ticks itself off shows a mark; any other one is ticked off by hand. */
function Mark({ step, done, onToggle }) {
  const Icon = done ? CircleCheck : Circle;
  const state = t(done ? "templates.done" : "templates.open");
  if (step.check) return <span role="img" aria-label={state} className="fs-checklist-mark"><Icon size={17} aria-hidden="true" /></span>;
  return (
    <button type="button" role="checkbox" aria-checked={done} aria-label={step.text} className="fs-checklist-mark" onClick={onToggle}><Icon size={17} aria-hidden="true" /></button>
  );
}
