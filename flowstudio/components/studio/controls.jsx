// Controls for fixed values, one per kind of field. `common` is {id, value, onChange, disabled, describedBy, invalid}.
import { Suspense, lazy, useEffect, useId, useRef, useState } from "react";
import { ChevronDown } from "lucide-react";
import { t } from "../texts/texts.js";
import { useWorkflows } from "./evaluation.js";

const CodeEditor = lazy(() => import("./code.jsx"));
const LONG = 8; // options from which a list can be searched

export const asText = (value) => (value == null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2));
const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
const attributes = ({ id, disabled, describedBy, invalid, required }) => ({
  id, disabled, "aria-describedby": describedBy, "aria-invalid": invalid || undefined, "aria-required": required || undefined,
});

/** Text of one line or more; `control` receives the element. */
export function TextInput({ multiline, value, onChange, control, ...common }) {
  const Tag = multiline ? "textarea" : "input";
  const text = asText(value);
  return (
    <Tag
      {...attributes(common)} ref={control} className="fs-input" value={text} spellCheck={false} onChange={(event) => onChange(event.target.value)}
      {...(multiline ? { rows: Math.min(10, Math.max(3, text.split("\n").length)) } : common.secret ? { type: "password", autoComplete: "off" } : {})}
    />
  );
}

export function NumberInput({ field, value, onChange, toExpression, ...common }) {
  const parse = (text) => (text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text);
  return (
    <input
      {...attributes(common)} className="fs-input" type="number" step={field.integer ? 1 : "any"} min={field.minimum ?? field.above} max={field.maximum ?? field.below}
      value={value ?? ""} onChange={(event) => onChange(parse(event.target.value))} onWheel={(event) => event.currentTarget.blur()}
      onKeyDown={(event) => {
        if (event.key !== "=" || !toExpression) return;
        event.preventDefault();
        toExpression();
      }}
    />
  );
}

export function Switch({ value, onChange, id, disabled, describedBy }) {
  return <input id={id} disabled={disabled} aria-describedby={describedBy} type="checkbox" role="switch" className="fs-switch" checked={value === true} onChange={(event) => onChange(event.target.checked)} />;
}

/** One of some options: a plain list, or one to search in when it is long. */
export function Choice({ field, value, onChange, ...common }) {
  const options = field.options ?? [];
  if (options.length > LONG) return <Combobox options={options} value={value} onChange={onChange} {...common} />;
  const index = options.findIndex((option) => same(option.value, value));
  return (
    <select {...attributes(common)} className="fs-input" value={index} onChange={(event) => onChange(options[Number(event.target.value)].value)}>
      {index < 0 && <option value={-1} disabled>{value == null || value === "" ? t("form.choose") : asText(value)}</option>}
      {options.map((option, number) => <option key={number} value={number}>{option.label ?? String(option.value)}</option>)}
    </select>
  );
}

/** A list to search in. With `free`, what is typed is the value, and the list only helps; `hint` says what the list does not. */
export function Combobox({ options, value, onChange, free, hint, onShow, placeholder = t("form.choose"), ...common }) {
  const list = useId();
  const box = useRef(null);
  const [typed, setTyped] = useState(null); // null: not searching
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const label = (option) => option.label ?? String(option.value);
  const chosen = options.find((option) => same(option.value, value));
  const words = (typed ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = options.filter((option) => words.every((word) => `${label(option)} ${option.value}`.toLowerCase().includes(word)));
  const close = () => {
    setOpen(false);
    setTyped(null);
  };
  const choose = (option) => {
    onChange(option.value);
    close();
  };
  const show = () => {
    onShow?.();
    setOpen(true);
    setActive(Math.max(free ? -1 : 0, options.findIndex((option) => same(option.value, value))));
  };
  useEffect(() => {
    if (open) document.getElementById(`${list}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [open, active, list]);
  useEffect(() => { // a list that arrives late shows what is chosen, too
    if (open && typed === null) setActive(Math.max(free ? -1 : 0, options.findIndex((option) => same(option.value, value))));
  }, [options.length]); // eslint-disable-line react-hooks/exhaustive-deps -- only when the list came
  const keys = {
    ArrowDown: () => (open ? setActive(Math.min(found.length - 1, active + 1)) : show()),
    ArrowUp: () => (open ? setActive(Math.max(free ? -1 : 0, active - 1)) : show()),
    Enter: () => (open && found[active] ? choose(found[active]) : open ? close() : show()),
    Escape: () => open && close(),
  };
  return (
    <div className="fs-combobox" ref={box} onBlur={(event) => {
      if (!box.current.contains(event.relatedTarget)) close();
    }}>
      <input
        {...attributes(common)} className="fs-input" role="combobox" aria-expanded={open} aria-controls={list} aria-autocomplete="list" autoComplete="off" spellCheck={false}
        aria-activedescendant={open && found[active] ? `${list}-${active}` : undefined} placeholder={placeholder}
        value={typed ?? (chosen ? label(chosen) : asText(value))} onClick={() => !open && show()}
        onChange={(event) => {
          if (!open) onShow?.();
          setTyped(event.target.value);
          setActive(free ? -1 : 0);
          setOpen(true);
          if (free) onChange(event.target.value);
        }}
        onKeyDown={(event) => {
          if (!keys[event.key] || (event.key === "Escape" && !open)) return;
          event.preventDefault();
          event.stopPropagation();
          keys[event.key]();
        }}
      />
      <ChevronDown size={14} aria-hidden="true" />
      <ul id={list} role="listbox" hidden={!open} className="fs-options">
        {found.map((option, index) => (
          <li
            key={index} id={`${list}-${index}`} role="option" aria-selected={index === active}
            onPointerDown={(event) => event.preventDefault()} onClick={() => choose(option)} onPointerMove={() => setActive(index)}
          >{label(option)}</li>
        ))}
        {open && !found.length && <li className="fs-quiet" role="option" aria-disabled="true" aria-selected="false">{hint ?? t("form.nothing_fits")}</li>}
      </ul>
    </div>
  );
}

export const WorkflowChoice = (props) => <Combobox {...props} options={useWorkflows()} />;

/** Any number of options. */
export function Choices({ field, value, onChange, disabled, labelledBy, describedBy }) {
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (option) => onChange(chosen.includes(option) ? chosen.filter((other) => other !== option) : [...chosen, option]);
  return (
    <div className="fs-choices" role="group" aria-labelledby={labelledBy} aria-describedby={describedBy}>
      {(field.options ?? []).map((option) => (
        <label key={String(option.value)}>
          <input type="checkbox" checked={chosen.includes(option.value)} disabled={disabled} onChange={() => toggle(option.value)} /> {option.label}
        </label>
      ))}
    </div>
  );
}

const LOCAL = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/;

/** A date and time to pick; one with a time zone is written as text. */
export function DateInput({ value, onChange, ...common }) {
  const text = asText(value);
  if (text && !LOCAL.test(text)) return <TextInput {...common} value={text} onChange={onChange} />;
  return (
    <input
      {...attributes(common)} className="fs-input" type="datetime-local" step={1} value={text.length === 10 ? `${text}T00:00` : text}
      onChange={(event) => onChange(event.target.value || null)}
    />
  );
}

/** Text that should be JSON: parsed as soon as it can be, kept as text until then. */
export function JsonInput({ value, onChange, ...rest }) {
  const [text, setText] = useState(() => asText(value));
  useEffect(() => {
    const unchanged = (() => { try { return same(JSON.parse(text), value); } catch { return text === value; } })();
    if (!unchanged) setText(asText(value));
  }, [value]); // eslint-disable-line react-hooks/exhaustive-deps -- own typing must not be reformatted
  const change = (next) => {
    setText(next);
    if (typeof value === "string" || next === "") return onChange(next);
    try {
      return onChange(JSON.parse(next));
    } catch {
      return onChange(next);
    }
  };
  return <Code {...rest} language="json" value={text} onChange={change} />;
}

export function Code({ value, ...rest }) {
  return (
    <Suspense fallback={<textarea className="fs-input fs-code-loading" value={asText(value)} readOnly aria-label={rest.label} />}>
      <CodeEditor {...rest} value={asText(value)} />
    </Suspense>
  );
}
