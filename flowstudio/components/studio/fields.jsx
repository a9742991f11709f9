// Labelled fields for the parameters of a step. All of them speak JSON values; an expression is text that starts with "=".
import { Fragment, createContext, useCallback, useContext, useEffect, useId, useMemo, useRef, useState } from "react";
import { CircleAlert, MoreHorizontal, Sparkles } from "lucide-react";
import { t } from "../texts/texts.js";
import { asksModel, askModel } from "./from_ai.js";
import { asCode, DRAGGED, INSERT, inserted, isExpression, toExpression, toFixed } from "./insertion.js";
import { Entries, KeyValues } from "./entries.jsx";
import { useScene } from "./evaluation.js";
import { Expression, preload } from "./expression.jsx";
import { Choice, Choices, Code, DateInput, JsonInput, NumberInput, Switch, TextInput, WorkflowChoice } from "./controls.jsx";
import { ModelChoice } from "./model_choice.jsx";
import { same } from "./operations.js";
import { afterPress } from "./pressing.js";
import { Prose } from "./prose.jsx";
import { inWords } from "./result.jsx";
import { useRun } from "./runs.js";
import { StudioContext } from "./step.jsx";
import { errorsAt, failureOf, fault, isEmpty, parameterErrors, valueAt } from "./validity.js";
import "./fields.css";

export { isExpression };

/** What the fields of a step share: {scene, errors, account, called, kept}; null where expressions mean nothing, as in settings. */
const Surroundings = createContext(null);
const NESTED = new Set(["list", "object", "keyvalue"]);
const UNLABELLED = new Set(["code", "json", "choices"]);
const NO_PROBLEMS = [];
const FOCUS = "fs-focus-field";
let wanted = null; // {node, path}: the field to show once its step is open
let last = null; // the field that had the focus last

/** Whether a field matters, given the values around it. `show_if` is {field, values} or a list of them. */
export function isShown(field, values, defaults) {
  const rules = [field.show_if ?? []].flat();
  return rules.every((rule) => {
    const value = values[rule.field] ?? defaults[rule.field];
    return isExpression(value) || rule.values.some((one) => JSON.stringify(one) === JSON.stringify(value ?? null));
  });
}

export const defaultsOf = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.default]));

/** An object with another value at a key; undefined takes the key away. */
export function withKey(object, key, value) {
  const { [key]: _, ...others } = object ?? {};
  return value === undefined ? others : { ...object, [key]: value };
}

/** Show a parameter as soon as its step's fields are there: `path` as in a problem, such as `fields[0].value`. */
export function focusField(node, path) {
  wanted = { node, path: path.replace(/^(nodes\[\d+\]\.)?(data\.properties\.)?/, "") };
  dispatchEvent(new Event(FOCUS));
}

/** Calls `show` when a parameter of the step is to be shown, so that whatever hides the parameters can give way. */
export function useFieldWanted(id, show) {
  const latest = useRef(show);
  latest.current = show;
  useEffect(() => {
    const look = () => wanted?.node === id && latest.current();
    look();
    addEventListener(FOCUS, look);
    return () => removeEventListener(FOCUS, look);
  }, [id]);
}

/** The problems of a step that stand at none of its fields, because they are not about one or it is hidden. */
export function unplaced(problems, fields, values) {
  const defaults = defaultsOf(fields);
  const shown = new Set(fields.filter((field) => isShown(field, values, defaults)).map((field) => field.name));
  return problems.filter((problem) => !parameterErrors([problem]).some(({ path }) => shown.has(/^[^.[]+/.exec(path)?.[0])));
}

/** The parameters of a step, with expressions, their results (in the loop iteration `scope`, else the last) and the errors at the fields. `account` is the credential whose models can be listed; `called` says that the step is a tool of an agent. */
export function ParameterForm({ store, id, fields, values, account, called, scope, disabled, dark, after }) {
  const { runs, faults } = useContext(StudioContext);
  const root = useRef(null);
  const scene = useScene(store, id, runs, scope);
  const failure = useRun(runs, (all) => failureOf(all.states, id));
  const kept = useRef(new Map());
  const problems = useMemo(() => (faults ?? NO_PROBLEMS).filter((problem) => problem.node === id), [faults, id]);
  const errors = useMemo(() => parameterErrors(problems, failure), [problems, failure]);
  const ran = useRun(runs, (all) => all.ran?.nodes.find((node) => node.id === id)?.data?.properties);
  const repaired = ran !== undefined && !same(ran.code, values.code);
  const failedLine = useMemo(() => (failure?.detail?.line && !repaired ? { line: failure.detail.line } : undefined), [failure, repaired]);
  const shared = useMemo(() => ({ scene, errors, ran, account, called, failure: failedLine, kept: kept.current }), [scene, errors, ran, account, called, failedLine]);
  const change = (name, value) => store.apply(
    [value === undefined ? { kind: "set", node: id, path: ["properties", name] } : { kind: "set", node: id, path: ["properties", name], value }],
    { merge: `${id}/properties.${name}` },
  );
  useEffect(() => {
    if (!disabled) preload();
  }, [disabled]);
  useEffect(() => {
    const show = () => {
      if (wanted?.node !== id || !root.current) return;
      const { path } = wanted;
      wanted = null;
      const places = [...root.current.querySelectorAll("[data-field]")].filter(({ dataset: { field } }) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
      const place = places.sort((a, b) => b.dataset.field.length - a.dataset.field.length)[0];
      place?.scrollIntoView({ block: "center" });
      place?.querySelector("input, textarea, select, [contenteditable=true], button")?.focus();
    };
    const insert = (event) => last?.(event.detail?.text) && event.preventDefault();
    const later = () => requestAnimationFrame(show); // other tabs and panes give way first
    const frame = later();
    addEventListener(FOCUS, later);
    addEventListener(INSERT, insert);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener(FOCUS, later);
      removeEventListener(INSERT, insert);
      last = null;
    };
  }, [id]);
  return (
    <Surroundings.Provider value={shared}>
      <div className="fs-parameters" ref={root}><Fields fields={fields} values={values} change={change} disabled={disabled} dark={dark} after={after} /></div>
    </Surroundings.Provider>
  );
}

/** Fields of an object, with those hidden that do not matter. `after` gives what else stands below a field. */
export function Fields({ fields, values, change, path, after, ...rest }) {
  const defaults = defaultsOf(fields);
  const languageField = fields.find((field) => field.name === "language");
  const language = languageField && (values.language ?? languageField.default);
  return fields.filter((field) => isShown(field, values, defaults)).map((field) => (
    <Fragment key={field.name}>
      <Field
        {...rest} field={field} path={path ? `${path}.${field.name}` : field.name} value={values[field.name]} set={(value) => change(field.name, value)}
        language={field.kind === "code" ? language : undefined}
      />
      {after?.(field.name)}
    </Fragment>
  ));
}

/** Fixed or expression, as one stop of the Tab key. */
function Kind({ title, expression, choose }) {
  const buttons = useRef([]);
  const turn = (index) => {
    choose(index === 1);
    buttons.current[index]?.focus();
  };
  return (
    <span className="fs-kind" role="radiogroup" aria-label={t("form.kind", { title })} onKeyDown={(event) => {
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      turn(expression ? 0 : 1);
    }}>
      {[t("form.fixed"), t("form.expression")].map((name, index) => {
        const on = expression === (index === 1);
        return (
          <button
            key={name} ref={(element) => { buttons.current[index] = element; }} type="button" role="radio" aria-checked={on} tabIndex={on ? 0 : -1}
            onClick={() => !on && choose(index === 1)}
          >{name}</button>
        );
      })}
    </span>
  );
}

function Menu({ title, value, reset }) {
  const [open, setOpen] = useState(false);
  const box = useRef(null);
  const items = [
    ...(reset ? [{ name: t("form.reset"), act: reset }] : []),
    ...(isEmpty(value) ? [] : [{ name: t(isExpression(value) ? "form.copy_expression" : "form.copy_value"), act: () => navigator.clipboard?.writeText(isExpression(value) ? value.slice(1) : typeof value === "string" ? value : JSON.stringify(value)) }]),
  ];
  useEffect(() => {
    if (open) box.current.querySelector("[role=menuitem]")?.focus();
  }, [open]);
  if (!items.length) return null;
  const close = () => {
    setOpen(false);
    box.current.querySelector("button")?.focus();
  };
  const move = (event) => {
    if (!open) return;
    const all = [...box.current.querySelectorAll("[role=menuitem]")];
    const step = { ArrowDown: 1, ArrowUp: all.length - 1 }[event.key];
    if (event.key !== "Escape" && !step) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) all[(all.indexOf(document.activeElement) + step) % all.length].focus();
    else close();
  };
  return (
    <span className="fs-field-menu" ref={box} onKeyDown={move} onBlur={(event) => !box.current.contains(event.relatedTarget) && setOpen(false)}>
      <button type="button" className="fs-tool fs-tool-small" aria-haspopup="menu" aria-expanded={open} aria-label={t("form.more", { title })} onClick={() => setOpen(!open)}>
        <MoreHorizontal size={14} aria-hidden="true" />
      </button>
      {open && (
        <div role="menu" className="fs-menu" aria-label={t("form.more", { title })}>
          {items.map((item) => <button key={item.name} type="button" role="menuitem" tabIndex={-1} onClick={() => { item.act(); close(); }}>{item.name}</button>)}
        </div>
      )}
    </span>
  );
}

/** Where in a one-line input a point is, in letters. */
function letterAt(input, x) {
  const style = getComputedStyle(input);
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.font = style.font;
  const left = x - input.getBoundingClientRect().left - parseFloat(style.paddingLeft) + input.scrollLeft;
  let at = 0;
  while (at < input.value.length && canvas.measureText(input.value.slice(0, at + 1)).width <= left + 3) at++;
  return at;
}

/** A labelled control. `set(value)` stores it; `bare` leaves the label to what stands around. */
export function Field({ field, path = field.name, value, set, disabled, dark, language, bare }) {
  const id = useId();
  const surroundings = useContext(Surroundings);
  const control = useRef(null); // an input, or {focus, insert} of an editor
  const box = useRef(null);
  const [touched, setTouched] = useState(false);
  const [over, setOver] = useState(false);
  const [turned, setTurned] = useState(false);
  const title = field.title || field.name;
  const shown = value === undefined ? field.default : value;
  const nested = NESTED.has(field.kind);
  const code = field.kind === "code";
  const expression = isExpression(shown) && !code;
  const may = surroundings !== null && !code && !disabled;

  const store = useCallback((next) => set(next), [set]);
  const choose = (asExpression) => {
    const { kept } = surroundings;
    const before = kept.get(path) ?? {};
    kept.set(path, { ...before, [expression ? "expression" : "fixed"]: shown });
    const next = asExpression ? (before.expression && toFixed(before.expression, field.kind, shown) === shown ? before.expression : toExpression(shown, field.kind))
      : "fixed" in before ? before.fixed : toFixed(shown, field.kind, field.default ?? null);
    store(next);
    setTurned(asExpression);
  };
  /** Let the model fill this in; a second press brings back what was there. */
  const leaveToModel = () => {
    const left = asksModel(shown);
    if (!left) surroundings.kept.set(path, { fixed: expression ? undefined : value });
    store(left ? surroundings.kept.get(path)?.fixed : askModel(field, path));
    setTurned(!left);
  };
  const change = (next) => {
    // "=" at the start, or the first {{, says that an expression is meant.
    if (may && typeof next === "string" && !expression && typeof (shown ?? "") === "string") {
      if (next.startsWith("=") || (next.includes("{{") && !String(shown ?? "").includes("{{"))) {
        surroundings.kept.set(path, { fixed: shown });
        setTurned(true);
        return store(toExpression(next, field.kind));
      }
    }
    return store(next);
  };
  const insert = (text, point) => {
    if (!text || disabled || !surroundings) return false;
    if (code || expression) {
      if (control.current?.insert) control.current.insert(code ? asCode(text, language ?? field.language) : text, point);
      else if (expression) store(inserted(shown, field.kind, text).text);
      return true;
    }
    const input = control.current;
    const place = point && input?.tagName === "INPUT" ? letterAt(input, point.x) : input?.selectionStart ?? undefined;
    surroundings.kept.set(path, { fixed: shown });
    setTurned(true);
    store(inserted(shown, field.kind, text, place).text);
    return true;
  };

  const inserting = useRef(insert);
  inserting.current = insert;

  const takes = (event) => !disabled && (may || (code && surroundings)) && event.dataTransfer?.types.includes(DRAGGED);
  const dropping = {
    onDragOver: (event) => {
      if (!takes(event)) return;
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = "copy";
      setOver(true);
    },
    onDragLeave: (event) => !box.current.contains(event.relatedTarget) && setOver(false),
    onDrop: (event) => {
      setOver(false);
      if (!takes(event)) return;
      event.preventDefault();
      event.stopPropagation();
      insert(event.dataTransfer.getData(DRAGGED), { x: event.clientX, y: event.clientY });
    },
    onFocus: (event) => {
      if (event.target.closest("[data-field]") === box.current) last = (text) => inserting.current(text);
    },
    onBlur: (event) => !box.current.contains(event.relatedTarget) && afterPress(() => setTouched(true)),
  };

  const problems = errorsAt(surroundings?.errors ?? NO_PROBLEMS, path, !nested || expression);
  const lacks = (nested || path.includes("[")) && isEmpty(shown) && problems.some((error) => error.source === "problem"); // said here without the way to it
  const own = touched || lacks || (!isEmpty(shown) && !nested) ? fault(field, shown, title) : null;
  const told = own ? [{ message: t(own.key, own.values), source: "own" }] : problems;
  const first = useRef({});
  const failure = told.find((error) => error.source === "run")?.failure;
  if (failure !== first.current.failure) first.current = { failure, value };
  const errors = told.filter((error) => error.source !== "run" || same(surroundings.ran ? valueAt(surroundings.ran, path) : first.current.value, value)); // edited since: no longer true
  const ids = { help: field.help ? `${id}-help` : null, error: errors.length ? `${id}-error` : null };
  const common = {
    id, field, value: shown, onChange: change, disabled, control, invalid: errors.length > 0, required: field.required,
    describedBy: [ids.error, ids.help].filter(Boolean).join(" ") || undefined, secret: field.kind === "secret",
  };

  const inner = { disabled, dark };
  const fixed = () => {
    const editor = { dark, label: title, disabled, onChange: change, handle: control, describedBy: common.describedBy };
    switch (field.kind) {
      case "number": return <NumberInput {...common} toExpression={may ? () => choose(true) : undefined} />;
      case "boolean": return <Switch {...common} />;
      case "choice": return <Choice {...common} />;
      case "choices": return <Choices {...common} labelledBy={`${id}-label`} />;
      case "model": return <ModelChoice {...common} account={surroundings?.account} />;
      case "workflow": return <WorkflowChoice {...common} />;
      case "date-time": return <DateInput {...common} />;
      case "multiline": return <TextInput {...common} multiline />;
      case "code": return <Code {...editor} value={shown} language={field.language === "expression" ? "javascript" : language ?? field.language} scene={surroundings?.scene} failure={path === "code" ? surroundings?.failure : undefined} expandable={Boolean(surroundings)} />;
      case "json": return <JsonInput {...editor} value={shown} />;
      case "list": return <Entries field={field} title={title} value={shown} set={set} path={path} {...inner} />;
      case "keyvalue": return <KeyValues title={title} value={shown ?? {}} set={set} path={path} {...inner} />;
      case "object": return field.fields?.length
        ? <Fields fields={field.fields} values={shown ?? {}} path={path} change={(name, next) => set(withKey(shown, name, next))} {...inner} />
        : <JsonInput {...editor} value={shown ?? {}} />;
      default: return typeof shown === "object" && shown !== null ? <JsonInput {...editor} value={shown} /> : <TextInput {...common} />;
    }
  };
  const labels = !expression && !UNLABELLED.has(field.kind) && !nested;
  const Label = labels ? "label" : "span";
  const Tag = nested ? "fieldset" : "div";
  const isDefault = JSON.stringify(value ?? null) === JSON.stringify(field.default ?? null);
  return (
    <Tag
      ref={box} data-field={path} {...dropping} aria-labelledby={nested ? `${id}-label` : undefined}
      className={`fs-field fs-param fs-field-${field.kind}${nested ? " fs-nested" : ""}${expression ? " is-expression" : ""}${over ? " is-over" : ""}${errors.length ? " has-errors" : ""}${bare ? " is-bare" : ""}`}
    >
      <Label className={bare ? "fs-visually-hidden" : "fs-label"} id={`${id}-label`} {...(labels && { htmlFor: id })}>
        {title}{field.required && <abbr title={t("form.required")}> *</abbr>}
      </Label>
      <div className="fs-control">
        {expression
          ? <Expression {...common} title={title} autoFocus={turned} handle={control} scene={surroundings?.scene} />
          : fixed()}
      </div>
      {!disabled && surroundings && (
        <span className="fs-field-tools">
          {may && surroundings.called && field.kind !== "secret" && (
            <button
              type="button" className="fs-tool fs-tool-small" aria-pressed={asksModel(shown)} aria-label={t("form.let_model", { title })} title={t("form.let_model", { title })}
              onClick={leaveToModel}
            ><Sparkles size={14} aria-hidden="true" /></button>
          )}
          {may && <Kind title={title} expression={expression} choose={choose} />}
          <Menu title={title} value={shown} reset={isDefault || field.required ? null : () => { setTurned(false); set(undefined); }} />
        </span>
      )}
      {errors.length > 0 && (
        <p className="fs-fault" id={ids.error} role={touched ? "status" : undefined}>
          <CircleAlert size={13} aria-hidden="true" /> <span>{errors.map((error) => inWords(error.message)).join(" ")}</span>
        </p>
      )}
      {field.help && <p className="fs-help" id={ids.help}><Prose text={field.help} /></p>}
    </Tag>
  );
}
