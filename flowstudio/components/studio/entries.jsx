// Lists and tables of keys and values.
import { useEffect, useId, useState } from "react";
import { ArrowDown, ArrowUp, Copy, Plus, Trash2 } from "lucide-react";
import { t } from "../texts/texts.js";
import { Field, Fields, withKey } from "./fields.jsx";
import { isExpression } from "./insertion.js";
import { singular } from "./singular.js";

const Tool = ({ icon: Icon, label, ...rest }) => (
  <button type="button" className="fs-tool fs-tool-small" aria-label={label} title={label} {...rest}><Icon size={14} aria-hidden="true" /></button>
);

const FIELDS = "input, textarea, select, [contenteditable=true]";

/** Adds an entry, and leads to its first field. */
export const Add = ({ title, onClick }) => {
  const one = singular(title);
  const add = (event) => {
    const button = event.currentTarget;
    onClick();
    requestAnimationFrame(() => button.previousElementSibling?.querySelector(FIELDS)?.focus());
  };
  return (
    <button type="button" className="fs-button fs-button-small" onClick={add}>
      <Plus size={14} aria-hidden="true" /> {one ? t("form.add_one", { one }) : t("form.add", { title })}
    </button>
  );
};

/** A new entry of a list. */
function fresh(field) {
  if (field.fields?.length) return Object.fromEntries(field.fields.filter((inner) => inner.default != null).map((inner) => [inner.name, inner.default]));
  return field.item?.default ?? "";
}

export function Entries({ field, title, value, set, path, ...rest }) {
  const entries = Array.isArray(value) ? value : [];
  const replace = (index, next) => set(entries.map((entry, at) => (at === index ? next : entry)));
  const swap = (index, other) => set(entries.map((entry, at) => (at === index ? entries[other] : at === other ? entries[index] : entry)));
  const name = (index) => ({ number: index + 1, title });
  return (
    <>
      {entries.map((entry, index) => (
        <div className="fs-entry" key={index} role="group" aria-label={t("form.entry", { number: index + 1 })}>
          <div className="fs-entry-body">
            {field.fields?.length && !isExpression(entry)
              ? <Fields fields={field.fields} values={entry ?? {}} path={`${path}[${index}]`} change={(key, next) => replace(index, withKey(entry, key, next))} {...rest} />
              : <Field field={{ kind: "text", ...field.item, name: String(index), title: t("form.entry", { number: index + 1 }) }} path={`${path}[${index}]`} value={entry} set={(next) => replace(index, next ?? "")} {...rest} />}
          </div>
          {!rest.disabled && (
            <div className="fs-entry-tools">
              <Tool icon={Trash2} label={t("form.remove", name(index))} onClick={() => set(entries.filter((_, at) => at !== index))} />
              <Tool icon={Copy} label={t("form.duplicate", name(index))} onClick={() => set([...entries.slice(0, index + 1), structuredClone(entry), ...entries.slice(index + 1)])} />
              {entries.length > 1 && <Tool icon={ArrowUp} label={t("form.up", name(index))} disabled={index === 0} onClick={() => swap(index, index - 1)} />}
              {entries.length > 1 && <Tool icon={ArrowDown} label={t("form.down", name(index))} disabled={index === entries.length - 1} onClick={() => swap(index, index + 1)} />}
            </div>
          )}
        </div>
      ))}
      {!rest.disabled && <Add title={title} onClick={() => set([...entries, fresh(field)])} />}
    </>
  );
}

const objectOf = (rows) => Object.fromEntries(rows.filter((row) => row.key !== "" || row.value !== "").map((row) => [row.key, row.value]));
const rowsOf = (value) => Object.entries(value ?? {}).map(([key, entry]) => ({ key, value: entry }));

/** Rows are kept here while they are edited, so that a key may be empty, or there twice, for a while. */
export function KeyValues({ title, value, set, path, ...rest }) {
  const [rows, setRows] = useState(() => rowsOf(value));
  const warning = useId();
  useEffect(() => {
    if (JSON.stringify(objectOf(rows)) !== JSON.stringify(value ?? {})) setRows(rowsOf(value));
  }, [value]); // eslint-disable-line react-hooks/exhaustive-deps -- only what comes from outside replaces the rows
  const become = (next) => {
    setRows(next);
    set(objectOf(next));
  };
  const change = (index, part) => become(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  const twice = rows.some((row, index) => rows.some((other, at) => at > index && other.key === row.key));
  return (
    <>
      {rows.map((row, index) => (
        <div className="fs-pair" key={index} role="group" aria-label={t("form.entry", { number: index + 1 })}>
          <input
            className="fs-input" aria-label={t("form.key_of", { number: index + 1 })} placeholder={t("form.key")} value={row.key} disabled={rest.disabled} spellCheck={false}
            aria-describedby={twice ? warning : undefined} onChange={(event) => change(index, { key: event.target.value })}
          />
          <Field bare field={{ kind: "text", name: row.key, title: t("form.value_of", { number: index + 1 }), default: "" }} path={`${path}.${row.key}`} value={row.value} set={(next) => change(index, { value: next ?? "" })} {...rest} />
          {!rest.disabled && <Tool icon={Trash2} label={t("form.remove", { number: index + 1, title })} onClick={() => become(rows.filter((_, at) => at !== index))} />}
        </div>
      ))}
      {twice && <p className="fs-fault" id={warning}>{t("form.same_key")}</p>}
      {!rest.disabled && <Add title={title} onClick={() => become([...rows, { key: "", value: "" }])} />}
    </>
  );
}
