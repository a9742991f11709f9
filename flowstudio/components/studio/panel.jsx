// The side panel of one step: what it is set to, what went in, what came out, what it said.
import { useContext, useEffect, useState, useSyncExternalStore } from "react";
import { CircleAlert, Trash2, X } from "lucide-react";
import { formatDuration, formatNumber, formatTime, t } from "../texts/texts.js";
import { ApiError, get } from "./api.js";
import { Credentials, decidingField } from "./credentials.jsx";
import { DataView, PAGE } from "./data.jsx";
import { Field, Fields } from "./fields.jsx";
import { Paragraphs } from "./prose.jsx";
import { totalItems, useNodeState, useRun } from "./runs.js";
import { StatusMark, StudioContext } from "./step.jsx";

const TABS = ["parameters", "input", "output", "log", "settings"];

const SETTINGS = [
  { name: "on_error", kind: "choice", default: "stop", options: ["stop", "continue", "output"].map((name) => ({ value: name === "output" ? "error_output" : name, label: t(`panel.on_error_${name}`) })) },
  { name: "retry", kind: "boolean", default: false },
  { name: "max_tries", kind: "number", default: 3, show_if: { field: "retry", values: [true] } },
  { name: "retry_wait", kind: "number", default: 1, show_if: { field: "retry", values: [true] } },
  { name: "timeout", kind: "number", default: null },
  { name: "always_output", kind: "boolean", default: false },
  { name: "execute_once", kind: "boolean", default: false },
].map((field) => ({ ...field, title: t(`panel.${field.name}`) }));

/** Runs, inputs and outputs of a node in the shown execution; asked again when its state changes. */
function useNodeData(runs, id, wanted) {
  const execution = useRun(runs, (store) => store.execution?.id);
  const state = useNodeState(runs, id);
  const [page, setPage] = useState({ offset: 0, port: null, scope: null });
  const [data, setData] = useState(null);
  const [error, setError] = useState(null);
  const stamp = state && `${state.status}/${state.runs}/${state.finished_at}`;
  useEffect(() => setPage({ offset: 0, port: null, scope: null }), [execution, id]);
  useEffect(() => {
    if (!wanted || !execution || !state || state.status === "running" || state.status === "skipped") {
      setData(null);
      return undefined;
    }
    const gone = new AbortController();
    const query = new URLSearchParams({ offset: String(page.offset), limit: String(PAGE) });
    if (page.scope) query.set("scope", page.scope);
    get(`/executions/${encodeURIComponent(execution)}/nodes/${encodeURIComponent(id)}/?${query}`, { signal: gone.signal })
      .then((answer) => { setData(answer); setError(null); })
      .catch((failure) => failure instanceof ApiError && setError(failure.message));
    return () => gone.abort();
  }, [execution, id, stamp, wanted, page]); // eslint-disable-line react-hooks/exhaustive-deps -- `stamp` stands for `state`
  return { state, data, error, page, setPage };
}

function Failure({ error }) {
  return (
    <div className="fs-failure" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>
        <strong>{t("panel.failed")}</strong>
        <p>{error.message}</p>
        {error.item != null && <small>{t("panel.failed_item", { number: error.item + 1 })}</small>}
      </div>
    </div>
  );
}

function Runs({ runs, page, setPage }) {
  const scopes = [...new Set(runs.map((run) => scopeName(run.scope)))];
  if (scopes.length < 2) return null;
  const value = page.scope ?? scopes[scopes.length - 1];
  return (
    <select className="fs-input fs-input-small" aria-label={t("panel.run", { number: "" }).trim()} value={value}
      onChange={(event) => setPage({ offset: 0, port: null, scope: event.target.value })}>
      {scopes.map((scope, index) => <option key={scope} value={scope}>{t("panel.run", { number: index + 1 })}</option>)}
    </select>
  );
}

const scopeName = (scope) => JSON.stringify(scope ?? []);

function LogTab({ data }) {
  const runs = data?.runs ?? [];
  const printed = runs.filter((run) => run.stdout);
  return (
    <>
      {printed.length ? printed.map((run, index) => <pre key={index} className="fs-json">{run.stdout}</pre>) : <p className="fs-quiet">{t("panel.no_log")}</p>}
      {runs.length > 0 && (
        <>
          <h3 className="fs-section">{t("panel.tries")}</h3>
          <ol className="fs-tries">
            {runs.map((run, index) => (
              <li key={index}>
                <StatusMark state={{ status: run.status === "retrying" ? "error" : run.status, milliseconds: run.milliseconds }} />
                <span>{formatTime(run.started_at)}</span><span className="fs-quiet">{formatDuration(run.milliseconds)}</span>
                {run.error && <p>{run.error.message}</p>}
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}

export function NodePanel({ store, id, mayEdit, mayAdmin, dark, tab, setTab, onClose }) {
  const { catalogue, runs, portsOf } = useContext(StudioContext);
  const node = useSyncExternalStore(store.subscribe, () => store.node(id));
  const wanted = tab === "input" || tab === "output" || tab === "log";
  const { state, data, error, page, setPage } = useNodeData(runs, id, wanted);
  if (!node) return null;

  const type = catalogue.type(node.data.type);
  const Icon = catalogue.icon(node.data.type);
  const ports = portsOf(id);
  const labels = (list) => Object.fromEntries(list.map((port) => [port.id, port.label]));
  const waiting = !state ? t("panel.not_run") : state.status === "skipped" ? t("panel.was_skipped") : state.status === "running" ? t("status.running") : t("panel.no_items");
  const change = (name, value) => store.set(id, { properties: { ...node.data.properties, [name]: value } }, `properties.${name}`);
  const decider = decidingField(type);
  const credentials = <Credentials type={type} data={node.data} change={(chosen) => store.set(id, { credentials: chosen })} mayEdit={mayEdit} mayAdmin={mayAdmin} />;
  const counts = { output: state && totalItems(state) };

  return (
    <aside className="fs-panel" aria-label={t("panel.label")} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <header className="fs-panel-head" style={{ "--fs-type": catalogue.color(node.data.type) }}>
        <span className="fs-step-icon"><Icon size={18} aria-hidden="true" /></span>
        <div className="fs-panel-name">
          <input
            aria-label={t("panel.name")} className="fs-input fs-input-title" value={node.data.label ?? type.label} disabled={!mayEdit}
            onChange={(event) => store.set(id, { label: event.target.value }, "label")}
            onBlur={(event) => !event.target.value.trim() && store.set(id, { label: store.freeLabel(type.label) }, "label")}
          />
          <small>{type.missing ? t("panel.unknown_type", { type: node.data.type }) : type.label}</small>
        </div>
        <StatusMark state={state} />
        {mayEdit && <button type="button" className="fs-tool" aria-label={t("panel.delete")} title={t("panel.delete")} onClick={() => { onClose(); store.remove([id]); }}><Trash2 size={16} aria-hidden="true" /></button>}
        <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
      </header>
      <div className="fs-tabs" role="tablist" onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowLeft: TABS.length - 1 }[event.key];
        if (!step) return;
        const next = TABS[(TABS.indexOf(tab) + step) % TABS.length];
        setTab(next);
        document.getElementById(`fs-tab-${next}`)?.focus();
      }}>
        {TABS.map((name) => (
          <button key={name} type="button" role="tab" id={`fs-tab-${name}`} aria-selected={tab === name} tabIndex={tab === name ? 0 : -1} aria-controls="fs-panel-body" onClick={() => setTab(name)}>
            {t(`panel.${name}`)}{counts[name] ? <span className="fs-count" aria-hidden="true">{formatNumber(counts[name])}</span> : null}
          </button>
        ))}
      </div>
      <div className="fs-panel-body" id="fs-panel-body" role="tabpanel" aria-labelledby={`fs-tab-${tab}`}>
        {state?.error && tab !== "settings" && <Failure error={state.error} />}
        {error && wanted && <p className="fs-quiet" role="alert">{error}</p>}
        {wanted && data?.runs && <Runs runs={data.runs} page={page} setPage={setPage} />}
        {tab === "parameters" && !decider && credentials}
        {tab === "parameters" && (type.fields?.length
          ? <Fields fields={type.fields} values={node.data.properties ?? {}} change={change} disabled={!mayEdit} dark={dark} after={(name) => name === decider && credentials} />
          : <p className="fs-quiet">{t("panel.no_parameters")}</p>)}
        {tab === "parameters" && type.help && <details className="fs-about"><summary>{t("panel.about")}</summary><Paragraphs text={type.help} /></details>}
        {tab === "input" && <DataView ports={data?.inputs} labels={labels(ports.inputs)} offset={page.offset} empty={waiting} onPage={(port, offset) => setPage({ ...page, port, offset })} />}
        {tab === "output" && <DataView ports={data?.outputs} labels={labels(ports.outputs)} offset={page.offset} empty={waiting} onPage={(port, offset) => setPage({ ...page, port, offset })} />}
        {tab === "log" && (data ? <LogTab data={data} /> : <p className="fs-quiet">{waiting}</p>)}
        {tab === "settings" && (
          <>
            <Field field={{ name: "disabled", kind: "boolean", title: t("panel.disable"), default: false }} value={node.data.disabled} disabled={!mayEdit}
              set={(value) => store.set(id, { disabled: value === true })} />
            <Fields fields={SETTINGS} values={node.data.settings ?? {}} disabled={!mayEdit} dark={dark}
              change={(name, value) => store.set(id, { settings: { ...node.data.settings, [name]: value } }, `settings.${name}`)} />
            <Field field={{ name: "notes", kind: "multiline", title: t("panel.notes"), default: "" }} value={node.data.notes} disabled={!mayEdit}
              set={(value) => store.set(id, { notes: value }, "notes")} />
          </>
        )}
      </div>
    </aside>
  );
}
