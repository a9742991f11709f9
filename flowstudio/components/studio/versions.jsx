// The history of a workflow: who changed it when, what is different now, how it looked, and the way back.
import { useContext, useEffect, useMemo, useState } from "react";
import { ReactFlowProvider } from "@xyflow/react";
import { CircleDot, Download, Equal, Minus, Plus, Rocket, RotateCcw } from "lucide-react";
import { toast } from "sonner";
import { count, formatTime, t } from "../texts/texts.js";
import { call, get, post } from "./api.js";
import { Canvas } from "./canvas.jsx";
import { Dialog } from "../shell/dialog.jsx";
import { parameterName } from "./parameter_name.js";
import { WorkflowStore } from "./document.js";
import { difference } from "./operations.js";
import { RunStore } from "./runs.js";
import { StudioContext } from "./step.jsx";

const LONG = 400; // characters of a value that are shown
const MOST = 2000; // operations that the server takes as one edit; a larger difference is restored there
const nothing = () => {};

const shown = (value) => {
  const text = value == null ? t("editing.default") : typeof value === "string" ? value || t("editing.empty_text") : JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
};

/** `properties.url` as people know it: the field's title, then what is inside of it. */
function pathName(path, type) {
  const [group, ...rest] = path.split(".");
  const key = rest[0] ?? group;
  if (PATHS.has(key) && (!rest.length || group === "settings")) return t(`editing.path_${key}`);
  return rest.length ? parameterName(rest.join("."), type?.fields) : path;
}

const PATHS = new Set([
  "name", "description", "tags", "label", "disabled", "notes", "pinned", "type", "timeout", "concurrency", "error_workflow", "save_success", "save_error",
  "timezone", "retry", "max_tries", "retry_wait", "on_error", "always_output", "execute_once",
]);

const MARKS = { added: Plus, removed: Minus, changed: CircleDot };

function Change({ kind, what, detail, children }) {
  const Mark = MARKS[kind];
  return (
    <li className={`fs-change fs-change-${kind}`}>
      <p><Mark size={14} strokeWidth={3} aria-hidden="true" /><span className="fs-change-kind">{t(`editing.change_${kind}`)}</span> <strong>{what}</strong>{detail && <small>{detail}</small>}</p>
      {children}
    </li>
  );
}

function Values({ changes, type }) {
  return (
    <dl className="fs-change-values">
      {changes.map(({ path, before, after }) => (
        <div key={path}>
          <dt>{pathName(path, type)}</dt>
          <dd><del><span className="fs-visually-hidden">{t("editing.before")} </span>{shown(before)}</del> <span aria-hidden="true">→</span> <ins><span className="fs-visually-hidden">{t("editing.after")} </span>{shown(after)}</ins></dd>
        </div>
      ))}
    </dl>
  );
}

/** What is different in the draft, in words. */
function Differences({ diff, catalogue }) {
  const { nodes, edges, document, moved } = diff;
  const typeOf = ({ type }) => catalogue.type(type);
  const link = (edge) => t("editing.connection", { source: edge.source_label, target: edge.target_label });
  const key = (edge) => JSON.stringify([edge.source, edge.source_handle, edge.target, edge.target_handle]);
  const none = ![nodes.added, nodes.removed, nodes.changed, edges.added, edges.removed, document].some((list) => list.length) && !moved;
  if (none) return <p className="fs-quiet fs-change-none"><Equal size={15} aria-hidden="true" /> {t("editing.no_difference")}</p>;
  return (
    <ul className="fs-changes" aria-label={t("editing.since")}>
      {nodes.added.map((node) => <Change key={node.id} kind="added" what={node.label} detail={typeOf(node).label} />)}
      {nodes.removed.map((node) => <Change key={node.id} kind="removed" what={node.label} detail={typeOf(node).label} />)}
      {nodes.changed.map((node) => <Change key={node.id} kind="changed" what={node.label} detail={typeOf(node).label}><Values changes={node.changes} type={typeOf(node)} /></Change>)}
      {edges.added.map((edge) => <Change key={key(edge)} kind="added" what={link(edge)} />)}
      {edges.removed.map((edge) => <Change key={key(edge)} kind="removed" what={link(edge)} />)}
      {document.length > 0 && <Change kind="changed" what={t("editing.workflow_itself")}><Values changes={document} /></Change>}
      {moved > 0 && <Change kind="changed" what={count(moved, "editing.moved_one", "editing.moved_many")} />}
    </ul>
  );
}

/** How the canvas looked; what is different now is framed. */
function Preview({ document, diff, store, dark }) {
  const context = useContext(StudioContext);
  const { catalogue } = store;
  const past = useMemo(() => {
    const made = new WorkflowStore(catalogue);
    made.load(document, store.ports);
    const looks = new Map([...diff.nodes.changed.map(({ id }) => [id, "fs-was-changed"]), ...diff.nodes.removed.map(({ id }) => [id, "fs-was-removed"])]);
    made.nodes = made.nodes.map((node) => (looks.has(node.id) ? { ...node, className: looks.get(node.id) } : node));
    made._changed();
    return made;
  }, [catalogue, document, diff, store]);
  const own = useMemo(() => ({
    ...context, store: past, runs: new RunStore(), problems: new Map(), mayEdit: false, mayRun: false, start: undefined, open: nothing, subject: t("editing.history"),
    portsOf: (id) => past.node(id)?.ports ?? { inputs: [], outputs: [] },
  }), [context, past]);
  return (
    <StudioContext.Provider value={own}>
      <ReactFlowProvider>
        <Canvas store={past} catalogue={catalogue} mayEdit={false} dark={dark} opened={null} onOpen={nothing} />
      </ReactFlowProvider>
    </StudioContext.Provider>
  );
}

function Entry({ entry, chosen, onChoose }) {
  return (
    <li>
      <button type="button" className="fs-version" aria-current={chosen} onClick={onChoose}>
        <span className="fs-version-head">
          <strong>{t("editing.version", { number: entry.number })}</strong>
          {entry.current && <span className="fs-badge">{t("editing.draft")}</span>}
          {entry.published && <span className="fs-badge fs-badge-published"><Rocket size={11} aria-hidden="true" /> {t("editing.published")}</span>}
        </span>
        <span className="fs-version-by">{entry.author_name ? t("editing.version_by", { name: entry.author_name, time: formatTime(entry.at) }) : formatTime(entry.at)}</span>
        {entry.note && <span className="fs-version-note">{entry.note}</span>}
      </button>
    </li>
  );
}

/** A version of the list, with its document and what has changed since. */
function useVersion(path, number, failed) {
  const [version, setVersion] = useState(null);
  useEffect(() => {
    setVersion(null);
    if (number === null) return undefined;
    const gone = new AbortController();
    const signal = gone.signal;
    Promise.all([get(`${path}/versions/${number}/`, { signal }), get(`${path}/versions/${number}/diff/`, { signal })])
      .then(([entry, diff]) => setVersion({ ...entry, diff }))
      .catch((error) => error.name !== "AbortError" && failed(error.message));
    return () => gone.abort();
  }, [path, number, failed]);
  return version;
}

/** What a version is, in the words of people: read, and written in place. `save(note)` throws what the person should know. */
function Note({ version, mayEdit, save }) {
  const [text, setText] = useState(null); // while it is written
  const [failure, setFailure] = useState("");
  if (text === null) {
    return (
      <div className="fs-version-naming">
        {version.note && <q>{version.note}</q>}
        {mayEdit && <button type="button" className="fs-link" onClick={() => setText(version.note ?? "")}>{t(version.note ? "editing.edit_note" : "editing.add_note")}</button>}
      </div>
    );
  }
  const done = async (event) => {
    event.preventDefault();
    try {
      await save(text);
      setText(null);
    } catch (error) {
      setFailure(error.message);
    }
  };
  return (
    <form className="fs-version-naming" onSubmit={done} onKeyDown={(event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); setText(null); } }}>
      <input className="fs-input fs-input-small" autoFocus maxLength={1000} aria-label={t("editing.version_note")} placeholder={t("editing.version_note")} value={text} onChange={(event) => setText(event.target.value)} />
      <button type="submit" className="fs-button fs-button-small">{t("editing.save_note")}</button>
      <button type="button" className="fs-button fs-button-small" onClick={() => setText(null)}>{t("app.cancel")}</button>
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
    </form>
  );
}

export function History({ store, workflowId, sync, mayEdit, dark, onClose }) {
  const path = `/workflows/${encodeURIComponent(workflowId)}`;
  const [entries, setEntries] = useState(null);
  const [number, setNumber] = useState(null);
  const [failure, setFailure] = useState("");
  const version = useVersion(path, number, setFailure);
  const listed = entries?.find((entry) => entry.number === number);
  const learnEntry = (changed) => setEntries((all) => all.map((entry) => (entry.number === changed.number ? changed : changed.published ? { ...entry, published: false } : entry)));
  useEffect(() => {
    const gone = new AbortController();
    const load = async () => {
      await sync.flush(); // the draft is compared as the server has it
      const { items } = await get(`${path}/versions/`, { signal: gone.signal });
      setEntries(items);
      setNumber((items.find((item) => !item.current) ?? items[0])?.number ?? null);
    };
    load().catch((error) => error.name !== "AbortError" && setFailure(error.message));
    return () => gone.abort();
  }, [path, sync]);
  /** Name the draft that another version replaces, so that the history keeps it and it can be brought back. Gives its number. */
  const keep = async () => {
    if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
    const { items } = await get(`${path}/versions/`);
    const draft = items.find((item) => item.current);
    if (!draft.note && !draft.published_at) await call("PATCH", `${path}/versions/${draft.number}/`, { body: { note: t("editing.before_restore", { number }) } });
    return draft.number;
  };
  const restore = async () => {
    const bringBack = (wanted) => post(`${path}/versions/${wanted}/restore/`);
    let undo = store.undo;
    try {
      const draft = await keep();
      if (difference(store.view, version.document).length > MOST) {
        await bringBack(number);
        undo = () => bringBack(draft).catch((error) => toast.error(error.message));
      } else store.become(version.document);
    } catch (error) {
      return void setFailure(error.message);
    }
    toast(t("editing.restored", { number }), { action: { label: t("editing.undo"), onClick: undo } });
    onClose();
  };
  const publish = async () => {
    setFailure("");
    try {
      await post(`${path}/publish/`, { version: number });
      learnEntry({ ...listed, published: true });
      toast(t("editing.published_toast", { number }));
    } catch (error) {
      setFailure(error.message);
    }
  };
  const name = async (note) => learnEntry(await call("PATCH", `${path}/versions/${number}/`, { body: { note } }));
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${JSON.stringify(version.document, null, 2)}\n`], { type: "application/json" }));
    link.download = `${(version.document.name ?? "workflow").replace(/[^\p{L}\p{N}]+/gu, "-")}-${number}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <Dialog closable heading={t("editing.history")} className="fs-history" onClose={onClose}>
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
      <div className="fs-history-body">
        <ol className="fs-versions" aria-label={t("editing.versions")}>
          {entries?.map((entry) => <Entry key={entry.number} entry={entry} chosen={entry.number === number} onChoose={() => setNumber(entry.number)} />)}
        </ol>
        {version ? (
          <section className="fs-version-view" aria-label={t("editing.version", { number })}>
            <header>
              <h3>{t("editing.since")}</h3>
              <span className="fs-gap" />
              <button type="button" className="fs-button fs-button-small" onClick={save}><Download size={14} aria-hidden="true" /> {t("editing.download")}</button>
              {mayEdit && <button type="button" className="fs-button fs-button-small" disabled={listed?.published} title={t("editing.publish_version_hint")} onClick={publish}><Rocket size={14} aria-hidden="true" /> {t(listed?.published ? "editing.published" : "editing.publish_version")}</button>}
              {mayEdit && <button type="button" className="fs-button fs-button-small fs-button-primary" disabled={version.current} onClick={restore}><RotateCcw size={14} aria-hidden="true" /> {t("editing.restore")}</button>}
            </header>
            {listed && <Note key={number} version={listed} mayEdit={mayEdit} save={name} />}
            <div className="fs-version-changes"><Differences diff={version.diff} catalogue={store.catalogue} /></div>
            <div className="fs-version-preview"><Preview key={number} document={version.document} diff={version.diff} store={store} dark={dark} /></div>
          </section>
        ) : <p className="fs-quiet fs-version-view" role="status">{failure ? "" : t("app.loading")}</p>}
      </div>
    </Dialog>
  );
}
