// One control per kind of field. All of them speak JSON values; an expression is text that starts with "=".
import { Fragment, Suspense, lazy, useEffect, useId, useState } from "react";
import { Braces, Plus, Trash2 } from "lucide-react";
import { t } from "../texts/texts.js";
import { get } from "./api.js";
import { Prose } from "./prose.jsx";

const CodeEditor = lazy(() => import("./code.jsx"));

export const isExpression = (value) => typeof value === "string" && value.startsWith("=");
const asText = (value) => (value == null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** Whether a field matters, given the values around it. `show_if` is {field, values} or a list of them. */
export function isShown(field, values, defaults) {
  const rules = [field.show_if ?? []].flat();
  return rules.every((rule) => {
    const value = values[rule.field] ?? defaults[rule.field];
    return isExpression(value) || rule.values.some((wanted) => JSON.stringify(wanted) === JSON.stringify(value ?? null));
  });
}

export const defaultsOf = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.default]));

function TextInput({ id, value, onChange, disabled, describedBy, multiline }) {
  const Tag = multiline ? "textarea" : "input";
  return (
    <Tag
      id={id} className={`fs-input${isExpression(value) ? " is-expression" : ""}`} value={asText(value)} disabled={disabled} spellCheck={false}
      aria-describedby={describedBy} onChange={(event) => onChange(event.target.value)} {...(multiline ? { rows: Math.min(10, Math.max(3, asText(value).split("\n").length)) } : {})}
    />
  );
}

function NumberInput({ id, value, onChange, disabled, describedBy }) {
  const parse = (text) => (text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text);
  return (
    <input
      id={id} className="fs-input" type="number" step="any" value={value ?? ""} disabled={disabled} aria-describedby={describedBy}
      onChange={(event) => onChange(parse(event.target.value))}
    />
  );
}

function Choice({ id, field, value, onChange, disabled, describedBy }) {
  const options = field.options ?? [];
  const index = options.findIndex((option) => JSON.stringify(option.value) === JSON.stringify(value ?? null));
  return (
    <select
      id={id} className="fs-input" value={index} disabled={disabled} aria-describedby={describedBy}
      onChange={(event) => onChange(options[Number(event.target.value)].value)}
    >
      {index < 0 && <option value={-1} disabled>{value == null || value === "" ? t("form.choose") : asText(value)}</option>}
      {options.map((option, number) => <option key={number} value={number}>{option.label ?? String(option.value)}</option>)}
    </select>
  );
}

/** Any number of options. */
function Choices({ field, value, onChange, disabled }) {
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (option) => onChange(chosen.includes(option) ? chosen.filter((other) => other !== option) : [...chosen, option]);
  return (
    <div className="fs-choices">
      {(field.options ?? []).map((option) => (
        <label key={String(option.value)}>
          <input type="checkbox" checked={chosen.includes(option.value)} disabled={disabled} onChange={() => toggle(option.value)} /> {option.label}
        </label>
      ))}
    </div>
  );
}

function WorkflowChoice({ id, value, onChange, disabled, describedBy }) {
  const [options, setOptions] = useState([]);
  useEffect(() => {
    const gone = new AbortController();
    get("/workflows/?limit=200", { signal: gone.signal })
      .then((page) => setOptions(page.items.map((item) => ({ value: item.id, label: item.name }))))
      .catch(() => setOptions([]));
    return () => gone.abort();
  }, []);
  return <Choice id={id} field={{ options }} value={value} onChange={onChange} disabled={disabled} describedBy={describedBy} />;
}

/** Text that should be JSON: parsed as soon as it can be, kept as text until then. */
function JsonInput({ value, onChange, ...rest }) {
  const [text, setText] = useState(() => asText(value));
  const [valid, setValid] = useState(true);
  useEffect(() => {
    const same = (() => { try { return JSON.stringify(JSON.parse(text)) === JSON.stringify(value); } catch { return text === value; } })();
    if (!same) setText(asText(value));
  }, [value]); // eslint-disable-line react-hooks/exhaustive-deps -- own typing must not be reformatted
  const change = (next) => {
    setText(next);
    if (isExpression(next) || next === "") {
      setValid(true);
      onChange(next);
      return;
    }
    try {
      const parsed = JSON.parse(next);
      setValid(true);
      onChange(typeof value === "string" ? next : parsed);
    } catch {
      setValid(false);
      onChange(next);
    }
  };
  return (
    <>
      <Code {...rest} language="json" value={text} onChange={change} />
      {!valid && <p className="fs-help" role="status">{t("form.invalid_json")}</p>}
    </>
  );
}

function Code({ value, language, dark, label, disabled, onChange }) {
  return (
    <Suspense fallback={<textarea className="fs-input fs-code-loading" value={asText(value)} readOnly aria-label={label} />}>
      <CodeEditor value={asText(value)} language={language} dark={dark} label={label} readOnly={disabled} onChange={onChange} />
    </Suspense>
  );
}

function Switch({ id, value, onChange, disabled, describedBy }) {
  return (
    <input
      id={id} type="checkbox" role="switch" className="fs-switch" checked={value === true} disabled={disabled}
      aria-describedby={describedBy} onChange={(event) => onChange(event.target.checked)}
    />
  );
}

const NESTED = new Set(["list", "object", "keyvalue"]);
const TOGGLED = new Set(["number", "boolean", "choice", "choices", "workflow", "date-time"]);

/** A labelled control. `set(value)` stores it. */
export function Field({ field, value, set, disabled, dark, language }) {
  const id = useId();
  const title = field.title || field.name;
  const shown = value === undefined ? field.default : value;
  const expression = isExpression(shown);
  const helpId = field.help ? `${id}-help` : undefined;
  const common = { id, field, value: shown, onChange: set, disabled, describedBy: helpId };

  const control = () => {
    if (NESTED.has(field.kind)) return null;
    if (expression && TOGGLED.has(field.kind)) return <TextInput {...common} />;
    switch (field.kind) {
      case "number": return <NumberInput {...common} />;
      case "boolean": return <Switch {...common} />;
      case "choice": return <Choice {...common} />;
      case "choices": return <Choices {...common} />;
      case "workflow": return <WorkflowChoice {...common} />;
      case "multiline": return <TextInput {...common} multiline />;
      case "code": return <Code value={shown} language={field.language === "expression" ? "javascript" : language ?? field.language} dark={dark} label={title} disabled={disabled} onChange={set} />;
      case "json": return <JsonInput value={shown} dark={dark} label={title} disabled={disabled} onChange={set} />;
      default: return typeof shown === "object" && shown !== null
        ? <JsonInput value={shown} dark={dark} label={title} disabled={disabled} onChange={set} />
        : <TextInput {...common} />;
    }
  };
  const toggle = TOGGLED.has(field.kind) && !disabled && (
    <button
      type="button" className={`fs-fx${expression ? " is-on" : ""}`} aria-pressed={expression}
      aria-label={t(expression ? "form.use_fixed" : "form.use_expression", { title })}
      title={t(expression ? "form.use_fixed" : "form.use_expression", { title })}
      onClick={() => set(expression ? field.default ?? null : `=${shown == null ? "" : `{{ ${JSON.stringify(shown)} }}`}`)}
    ><Braces size={13} aria-hidden="true" /></button>
  );
  const usesLabel = !["code", "json", "choices"].includes(field.kind);
  const Label = usesLabel ? "label" : "span";

  if (NESTED.has(field.kind) && !expression) {
    return <Nested field={field} title={title} value={shown} set={set} disabled={disabled} dark={dark} />;
  }
  return (
    <div className={`fs-field fs-field-${field.kind}`}>
      <div className="fs-field-head">
        <Label className="fs-label" {...(usesLabel && { htmlFor: id })}>
          {title}{field.required && <abbr title={t("form.required")}> *</abbr>}
        </Label>
        {expression && <span className="fs-badge">{t("form.expression")}</span>}
        {toggle}
      </div>
      {NESTED.has(field.kind) ? <TextInput {...common} /> : control()}
      {field.help && <p className="fs-help" id={helpId}><Prose text={field.help} /></p>}
    </div>
  );
}

/** Fields of an object, with those hidden that do not matter. `after` gives what else stands below a field. */
export function Fields({ fields, values, change, disabled, dark, after }) {
  const defaults = defaultsOf(fields);
  const languageField = fields.find((field) => field.name === "language");
  const language = languageField && (values.language ?? languageField.default);
  return fields.filter((field) => isShown(field, values, defaults)).map((field) => (
    <Fragment key={field.name}>
      <Field
        field={field} value={values[field.name]} set={(value) => change(field.name, value)}
        disabled={disabled} dark={dark} language={field.kind === "code" ? language : undefined}
      />
      {after?.(field.name)}
    </Fragment>
  ));
}

function Nested({ field, title, value, set, disabled, dark }) {
  const help = field.help && <p className="fs-help"><Prose text={field.help} /></p>;
  if (field.kind === "object" && field.fields?.length) {
    const values = value ?? {};
    return (
      <fieldset className="fs-nested">
        <legend className="fs-label">{title}</legend>{help}
        <Fields fields={field.fields} values={values} change={(name, next) => set({ ...values, [name]: next })} disabled={disabled} dark={dark} />
      </fieldset>
    );
  }
  if (field.kind === "list") return <ListField field={field} title={title} help={help} value={value ?? []} set={set} disabled={disabled} dark={dark} />;
  if (field.kind === "keyvalue") return <KeyValues title={title} help={help} value={value ?? {}} set={set} disabled={disabled} />;
  return (
    <div className="fs-field">
      <div className="fs-field-head"><span className="fs-label">{title}</span></div>
      <JsonInput value={value ?? {}} dark={dark} label={title} disabled={disabled} onChange={set} />{help}
    </div>
  );
}

function ListField({ field, title, help, value, set, disabled, dark }) {
  const entries = Array.isArray(value) ? value : [];
  const replace = (index, next) => set(entries.map((entry, at) => (at === index ? next : entry)));
  const fresh = () => (field.fields?.length ? Object.fromEntries(field.fields.filter((f) => f.default != null).map((f) => [f.name, f.default])) : field.item?.default ?? "");
  return (
    <fieldset className="fs-nested">
      <legend className="fs-label">{title}{field.required && <abbr title={t("form.required")}> *</abbr>}</legend>{help}
      {entries.map((entry, index) => (
        <div className="fs-entry" key={index} role="group" aria-label={t("form.entry", { number: index + 1 })}>
          <div className="fs-entry-body">
            {field.fields?.length && !isExpression(entry)
              ? <Fields fields={field.fields} values={entry ?? {}} change={(name, next) => replace(index, { ...entry, [name]: next })} disabled={disabled} dark={dark} />
              : <Field field={{ kind: "text", ...field.item, name: String(index), title: t("form.entry", { number: index + 1 }) }} value={entry} set={(next) => replace(index, next)} disabled={disabled} dark={dark} />}
          </div>
          {!disabled && <Remove number={index + 1} title={title} onClick={() => set(entries.filter((_, at) => at !== index))} />}
        </div>
      ))}
      {!disabled && <Add title={title} onClick={() => set([...entries, fresh()])} />}
    </fieldset>
  );
}

function KeyValues({ title, help, value, set, disabled }) {
  const rows = Object.entries(value);
  const replace = (index, key, next) => set(Object.fromEntries(rows.map((row, at) => (at === index ? [key, next] : row))));
  return (
    <fieldset className="fs-nested">
      <legend className="fs-label">{title}</legend>{help}
      {rows.map(([key, entry], index) => (
        <div className="fs-pair" key={index}>
          <input className="fs-input" aria-label={t("form.key")} value={key} disabled={disabled} onChange={(event) => replace(index, event.target.value, entry)} />
          <input className="fs-input" aria-label={t("form.value")} value={asText(entry)} disabled={disabled} onChange={(event) => replace(index, key, event.target.value)} />
          {!disabled && <Remove number={index + 1} title={title} onClick={() => set(Object.fromEntries(rows.filter((_, at) => at !== index)))} />}
        </div>
      ))}
      {!disabled && <Add title={title} onClick={() => !("" in value) && set({ ...value, "": "" })} />}
    </fieldset>
  );
}

const Add = ({ title, onClick }) => (
  <button type="button" className="fs-button fs-button-small" aria-label={t("form.add", { title })} onClick={onClick}>
    <Plus size={14} aria-hidden="true" /> {t("form.add", { title })}
  </button>
);
const Remove = ({ number, title, onClick }) => (
  <button type="button" className="fs-tool" aria-label={t("form.remove", { number, title })} title={t("form.remove", { number, title })} onClick={onClick}>
    <Trash2 size={14} aria-hidden="true" />
  </button>
);
