// The bar above the canvas: name, whether everything is saved, who else is here, active, publish, execute.
import { useState, useSyncExternalStore } from "react";
import { ArrowLeft, CloudAlert, CloudCheck, CloudOff, CloudUpload, Eye, MessageCircle, Play, Radio, Square, Tag, TriangleAlert } from "lucide-react";
import { toast } from "sonner";
import { count, t } from "../texts/texts.js";
import { post } from "./api.js";
import { MoreMenu } from "./more.jsx";
import { PublishButton } from "./publish.jsx";
import { useRun } from "./runs.js";
import { keysOf } from "./shortcuts.js";
import { SettingsDialog } from "./workflow_settings.jsx";
import "./editing.css";

const SAVE_ICONS = { saved: CloudCheck, saving: CloudUpload, offline: CloudOff, refused: CloudAlert, deleted: CloudAlert };
const FACES = 4;

function SaveState({ sync }) {
  const { kind, waiting } = useSyncExternalStore(sync.subscribe, () => sync.state);
  const Icon = SAVE_ICONS[kind];
  const text = kind === "offline" && waiting ? count(waiting, "editing.offline_one", "editing.offline_many") : t(`editing.state_${kind}`);
  return (
    <span className={`fs-save fs-save-${kind}`} role="status" title={text}>
      <Icon size={15} aria-hidden="true" /><span className="fs-save-text">{text}</span>
    </span>
  );
}

const initials = (name) => name.split(/[\s@.]+/).filter(Boolean).slice(0, 2).map((word) => word[0].toUpperCase()).join("");

/** Who else has the workflow open. */
function People({ sync }) {
  const { people } = useSyncExternalStore(sync.subscribe, () => sync.state);
  if (!people.length) return null;
  const more = people.length - FACES;
  return (
    <ul className="fs-people" aria-label={t("editing.also_here")}>
      {people.slice(0, FACES).map(({ name, client }) => (
        <li key={client} title={t("editing.here", { name })}><span aria-hidden="true">{initials(name)}</span><span className="fs-visually-hidden">{name}</span></li>
      ))}
      {more > 0 && <li title={people.slice(FACES).map(({ name }) => name).join(", ")}><span aria-hidden="true">+{more}</span><span className="fs-visually-hidden">{people.slice(FACES).map(({ name }) => name).join(", ")}</span></li>}
    </ul>
  );
}

function Tags({ store, workflow, mayEdit }) {
  const tags = useSyncExternalStore(store.subscribe, () => store.snapshot.meta.tags) ?? [];
  const [open, setOpen] = useState(false);
  if (!mayEdit) return tags.length ? <span className="fs-bar-tags">{tags.map((tag) => <span key={tag} className="fs-tag">{tag}</span>)}</span> : null;
  const label = tags.length ? t("editing.tags_change", { tags: tags.join(", ") }) : t("editing.tags_add");
  return (
    <>
      <button type="button" className="fs-bar-tags" aria-label={label} title={label} onClick={() => setOpen(true)}>
        {tags.length ? tags.slice(0, 2).map((tag) => <span key={tag} className="fs-tag">{tag}</span>) : <Tag size={15} aria-hidden="true" />}
        {tags.length > 2 && <span className="fs-tag">+{tags.length - 2}</span>}
      </button>
      {open && <SettingsDialog store={store} workflowId={workflow.id} onClose={() => setOpen(false)} />}
    </>
  );
}

/** Said when nothing can be edited any more: why, and what to do. */
export function EndedBar({ sync, workflow, mayEdit }) {
  const { kind } = useSyncExternalStore(sync.subscribe, () => sync.state);
  const bringBack = async () => {
    try {
      await post(`/workflows/${encodeURIComponent(workflow.id)}/restore/`);
      sync.resume();
    } catch (error) {
      toast.error(error.message);
    }
  };
  return (
    <div className="fs-ended" role="alert">
      <CloudAlert size={16} aria-hidden="true" /> <span>{t(`editing.ended_${kind}`)}</span>
      {kind === "deleted" && mayEdit && <button type="button" className="fs-button fs-button-small" onClick={bringBack}>{t("editing.bring_back")}</button>}
      <a className="fs-button fs-button-small" href="/">{t("editor.back")}</a>
    </div>
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

function ActiveSwitch({ workflow, learn, sync }) {
  const [busy, setBusy] = useState(false);
  const toggle = async () => {
    setBusy(true);
    try {
      if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
      learn(await post(`/workflows/${encodeURIComponent(workflow.id)}/${workflow.active ? "deactivate" : "activate"}/`));
    } catch (error) {
      toast.error(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <label className="fs-active">
      <span>{t("editor.active")}</span>
      <input type="checkbox" role="switch" className="fs-switch" checked={workflow.active} disabled={busy} onChange={toggle} />
    </label>
  );
}

export function RunButton({ runs, onRun, onStop, disabled, listens }) {
  const active = useRun(runs, (run) => run.active);
  const [stopping, setStopping] = useState(false);
  if (active) {
    const stop = async ({ detail }) => {
      if (detail > 1) return; // the second half of a double click on what stood here before
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

/** The list shows what is stored: leave when it is, or soon in any case, as nothing is lost by it. */
const leave = (sync, path) => async (event) => {
  if (!sync.waiting.length || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  await Promise.race([sync.flush(), new Promise((resolve) => setTimeout(resolve, 1500))]);
  location.assign(path);
};

export function EditorBar({ store, workflow, learn, sync, runs, mayEdit, mayRun, triggers, trigger, setTrigger, problems, onRun, onStop, onOpen, listens, listening, talk, talking, dark }) {
  const name = useSyncExternalStore(store.subscribe, () => store.snapshot.meta.name ?? "");
  return (
    <header className="fs-topbar">
      <a href="/" className="fs-tool" aria-label={t("editor.back")} title={t("editor.back")} onClick={leave(sync, "/")}><ArrowLeft size={18} aria-hidden="true" /></a>
      <input className="fs-input fs-input-title fs-workflow-name" aria-label={t("editor.name")} value={name} maxLength={200} disabled={!mayEdit} onChange={(event) => store.rename(event.target.value)} />
      <Tags store={store} workflow={workflow} mayEdit={mayEdit} />
      {sync.mayEdit ? <SaveState sync={sync} /> : <span className="fs-save"><Eye size={15} aria-hidden="true" /> {t("editor.read_only")}</span>}
      <People sync={sync} />
      <span className="fs-gap" />
      <Problems problems={problems} onOpen={onOpen} />
      {mayEdit && <ActiveSwitch workflow={workflow} learn={learn} sync={sync} />}
      {mayRun && triggers.length > 1 && (
        <select className="fs-input fs-input-small fs-start-with" aria-label={t("editor.start_with")} value={trigger ?? ""} onChange={(event) => setTrigger(event.target.value)}>
          {triggers.map((node) => <option key={node.id} value={node.id}>{store.label(node)}</option>)}
        </select>
      )}
      {talk && <button type="button" className="fs-button" aria-pressed={talking} title={t("chat.open_hint", { keys: keysOf("talk") })} onClick={talk}><MessageCircle size={15} aria-hidden="true" /> {t("chat.open")}</button>}
      {mayRun && <RunButton runs={runs} onRun={onRun} onStop={onStop} disabled={!triggers.length || listening} listens={listens} />}
      {mayEdit && <PublishButton workflow={workflow} sync={sync} learn={learn} />}
      <MoreMenu store={store} workflow={workflow} sync={sync} mayEdit={mayEdit} dark={dark} />
    </header>
  );
}
