// The bar above the canvas: name, whether everything is saved, active, execute.
import { useState, useSyncExternalStore } from "react";
import { ArrowLeft, CloudAlert, CloudCheck, CloudUpload, Eye, History, Play, Radio, Square, TriangleAlert } from "lucide-react";
import { toast } from "sonner";
import { count, t } from "../texts/texts.js";
import { post } from "./api.js";
import { useRun } from "./runs.js";

const SAVE_ICONS = { saved: CloudCheck, saving: CloudUpload, unsaved: CloudUpload, failed: CloudAlert, conflict: CloudAlert };

function SaveState({ saver }) {
  const state = useSyncExternalStore(saver.subscribe, () => saver.state);
  const Icon = SAVE_ICONS[state.kind];
  return (
    <span className={`fs-save fs-save-${state.kind}`} role="status">
      <Icon size={15} aria-hidden="true" />
      {state.kind === "failed" ? t("editor.save_failed", { reason: state.reason }) : t(`editor.${state.kind}`)}
      {state.kind === "failed" && <button type="button" className="fs-link" onClick={() => saver.flush()}>{t("editor.save_retry")}</button>}
      {state.kind === "conflict" && <>
        <button type="button" className="fs-link" onClick={() => saver.reload()}>{t("editor.conflict_reload")}</button>
        <button type="button" className="fs-link" onClick={() => saver.keep()}>{t("editor.conflict_keep")}</button>
      </>}
    </span>
  );
}

function Problems({ problems, onOpen }) {
  if (!problems.length) return null;
  return (
    <details className="fs-problems">
      <summary><TriangleAlert size={14} aria-hidden="true" /> {count(problems.length, "editor.problem", "editor.problems")}</summary>
      <div className="fs-problems-list" role="group" aria-label={t("editor.problems_title")}>
        {problems.map((problem, index) => (
          <button type="button" key={index} disabled={!problem.node} onClick={() => problem.node && onOpen(problem.node, { field: problem.path })}>{problem.message}</button>
        ))}
      </div>
    </details>
  );
}

function ActiveSwitch({ id, active, setActive, saver }) {
  const [busy, setBusy] = useState(false);
  const toggle = async () => {
    setBusy(true);
    try {
      if (saver && !(await saver.flush())) return;
      await post(`/workflows/${encodeURIComponent(id)}/${active ? "deactivate" : "activate"}/`);
      setActive(!active);
    } catch (error) {
      toast.error(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <label className="fs-active">
      <span>{t("editor.active")}</span>
      <input type="checkbox" role="switch" className="fs-switch" checked={active} disabled={busy} onChange={toggle} />
    </label>
  );
}

export function RunButton({ runs, onRun, onStop, disabled, listens }) {
  const active = useRun(runs, (run) => run.active);
  const [stopping, setStopping] = useState(false);
  if (active) {
    const stop = async () => {
      setStopping(true);
      await onStop();
      setStopping(false);
    };
    return (
      <button type="button" className="fs-button fs-button-danger" onClick={stop} disabled={stopping}>
        <Square size={14} fill="currentColor" aria-hidden="true" /> {t(stopping ? "editor.stopping" : "editor.stop")}
      </button>
    );
  }
  return (
    <button type="button" className="fs-button fs-button-primary" title={t(listens ? "listening.start_hint" : "editor.execute_hint")} onClick={onRun} disabled={disabled}>
      {listens ? <Radio size={15} aria-hidden="true" /> : <Play size={14} fill="currentColor" aria-hidden="true" />} {t(listens ? "listening.start" : "editor.execute")}
    </button>
  );
}

const leave = (saver, path) => async (event) => {
  if (!saver?.dirty || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  if (await saver.flush()) location.assign(path);
};

export function EditorBar({ store, workflow, saver, runs, mayEdit, mayRun, triggers, trigger, setTrigger, setActive, problems, onRun, onStop, onOpen, listens, listening }) {
  const name = useSyncExternalStore(store.subscribe, () => store.snapshot.meta.name ?? "");
  return (
    <header className="fs-topbar">
      <a href="/" className="fs-tool" aria-label={t("editor.back")} title={t("editor.back")} onClick={leave(saver, "/")}><ArrowLeft size={18} aria-hidden="true" /></a>
      <input className="fs-input fs-input-title fs-workflow-name" aria-label={t("editor.name")} value={name} disabled={!mayEdit} onChange={(event) => store.rename(event.target.value)} />
      {mayEdit ? <SaveState saver={saver} /> : <span className="fs-save"><Eye size={15} aria-hidden="true" /> {t("editor.read_only")}</span>}
      <span className="fs-gap" />
      <a href={`/executions?workflow=${encodeURIComponent(workflow.id)}`} className="fs-tool" aria-label={t("editor.executions")} title={t("editor.executions")} onClick={leave(saver, `/executions?workflow=${encodeURIComponent(workflow.id)}`)}><History size={17} aria-hidden="true" /></a>
      <Problems problems={problems} onOpen={onOpen} />
      {mayEdit && <ActiveSwitch id={workflow.id} active={workflow.active} setActive={setActive} saver={saver} />}
      {mayRun && triggers.length > 1 && (
        <select className="fs-input fs-input-small" aria-label={t("editor.start_with")} value={trigger ?? ""} onChange={(event) => setTrigger(event.target.value)}>
          {triggers.map((node) => <option key={node.id} value={node.id}>{store.label(node)}</option>)}
        </select>
      )}
      {mayRun && <RunButton runs={runs} onRun={onRun} onStop={onStop} disabled={!triggers.length || listening} listens={listens} />}
    </header>
  );
}
