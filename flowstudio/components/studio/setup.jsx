// The middle pane: what a step is set to, how the engine treats it, what it is for.
import { useContext, useState, useSyncExternalStore } from "react";
import { t } from "../texts/texts.js";
import { Credentials, decidingField } from "./credentials.jsx";
import { Field, Fields, ParameterForm, unplaced, useFieldWanted } from "./fields.jsx";
import { accountSlot, fieldsOf, hasModel, lacksModel } from "./models.js";
import { Paragraphs, Prose } from "./prose.jsx";
import { SchedulePreview } from "./schedule.jsx";
import { StudioContext } from "./step.jsx";
import { useUsedPorts } from "./surface.js";

const TABS = ["parameters", "settings", "about"];

const SETTINGS = [
  { name: "on_error", kind: "choice", default: "stop", options: ["stop", "continue", "output"].map((name) => ({ value: name === "output" ? "error_output" : name, label: t(`panel.on_error_${name}`) })) },
  { name: "retry", kind: "boolean", default: false },
  { name: "max_tries", kind: "number", default: 3, show_if: { field: "retry", values: [true] } },
  { name: "retry_wait", kind: "number", default: 1, show_if: { field: "retry", values: [true] } },
  { name: "timeout", kind: "number", default: null },
  { name: "always_output", kind: "boolean", default: false },
  { name: "execute_once", kind: "boolean", default: false },
].map((field) => ({ ...field, title: t(`panel.${field.name}`) }));

function Parameters({ store, node, type, scope, mayEdit, mayAdmin, dark }) {
  const { faults } = useContext(StudioContext);
  const decider = decidingField(type);
  const credentials = <Credentials type={type} data={node.data} change={(chosen) => store.set(node.id, { credentials: chosen })} mayEdit={mayEdit} mayAdmin={mayAdmin} />;
  const properties = node.data.properties ?? {};
  const used = useUsedPorts(store, node.id);
  const attached = hasModel(type, used);
  const called = useCalled(store, node.id, type);
  const lacking = lacksModel(type, node.data, used);
  const fields = fieldsOf(type, attached);
  const general = unplaced((faults ?? []).filter((fault) => fault.node === node.id), type.fields ?? [], properties);
  return (
    <>
      {general.length > 0 && <ul className="fs-faults" aria-label={t("panel.faults")}>{general.map((fault, index) => <li key={index}>{fault.message}</li>)}</ul>}
      {lacking && <p className="fs-faults fs-hint" role="note">{t(`canvas.lacks_${lacking}`)}</p>}
      {called && <p className="fs-attached"><span><Prose text={t("form.is_tool")} /></span></p>}
      {attached ? <Attached store={store} id={node.id} /> : !decider && credentials}
      {fields.length
        ? <ParameterForm store={store} id={node.id} fields={fields} account={node.data.credentials?.[accountSlot(type)]} called={called} values={properties} scope={scope} disabled={!mayEdit} dark={dark} after={(name) => name === decider && credentials} />
        : <p className="fs-quiet">{t("panel.no_parameters")}</p>}
      {type.type === "schedule" && <SchedulePreview properties={properties} timezone={store.view.settings?.timezone} />}
    </>
  );
}

/** Whether a step that could run by itself is a tool of another one. */
const useCalled = (store, id, type) => useSyncExternalStore(
  store.subscribe,
  () => !type.sub && store.snapshot.edges.some((edge) => edge.source === id && store.node(edge.target)?.ports.slots?.some((slot) => slot.id === edge.targetHandle)),
);

/** Says that a chat model below the step answers, and leads to it. */
function Attached({ store, id }) {
  const { open } = useContext(StudioContext);
  const source = useSyncExternalStore(store.subscribe, () => store.snapshot.edges.find((edge) => edge.target === id && edge.targetHandle === "model")?.source);
  const model = source && store.node(source);
  if (!model) return null;
  const label = store.label(model);
  return (
    <p className="fs-attached">
      <span>{t("models.attached", { label })}</span>
      <button type="button" className="fs-link" onClick={() => open?.(source)}>{t("models.open", { label })}</button>
    </p>
  );
}

function Settings({ store, node, mayEdit, dark }) {
  const set = (data, merge) => store.set(node.id, data, merge);
  return (
    <>
      <Field field={{ name: "disabled", kind: "boolean", title: t("panel.disable"), default: false }} value={node.data.disabled} disabled={!mayEdit} set={(value) => set({ disabled: value === true })} />
      <Fields fields={SETTINGS} values={node.data.settings ?? {}} disabled={!mayEdit} dark={dark} change={(name, value) => set({ settings: { ...node.data.settings, [name]: value } }, `settings.${name}`)} />
      <Field field={{ name: "notes", kind: "multiline", title: t("panel.notes"), default: "" }} value={node.data.notes} disabled={!mayEdit} set={(value) => set({ notes: value }, "notes")} />
    </>
  );
}

/** `scope` is the loop iteration that is looked at, or null for the last. */
export function SetupPane({ store, node, type, scope, mayEdit, mayAdmin, dark }) {
  const [tab, setTab] = useState("parameters");
  useFieldWanted(node.id, () => setTab("parameters"));
  const tabs = TABS.filter((name) => name !== "about" || type.help);
  const walk = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: tabs.length - 1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step) % tabs.length];
    setTab(next);
    document.getElementById(`fs-tab-${next}`)?.focus();
  };
  const shared = { store, node, mayEdit, dark };
  return (
    <>
      <div className="fs-tabs" role="tablist" aria-label={t("panel.setup")} onKeyDown={walk}>
        {tabs.map((name) => (
          <button key={name} type="button" role="tab" id={`fs-tab-${name}`} aria-selected={tab === name} tabIndex={tab === name ? 0 : -1} aria-controls="fs-setup" onClick={() => setTab(name)}>{t(`panel.${name}`)}</button>
        ))}
      </div>
      <div className="fs-setup" id="fs-setup" role="tabpanel" aria-labelledby={`fs-tab-${tab}`} tabIndex={mayEdit ? undefined : 0}>
        {tab === "parameters" && <Parameters {...shared} type={type} scope={scope} mayAdmin={mayAdmin} />}
        {tab === "settings" && <Settings {...shared} />}
        {tab === "about" && <div className="fs-about"><h3>{type.label}</h3><Paragraphs text={type.help} />{!type.missing && <a className="fs-link" href={`/help/${type.type}`} target="_blank" rel="noreferrer">{t("help.more")}</a>}</div>}
      </div>
    </>
  );
}
