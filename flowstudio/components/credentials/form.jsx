// The form of a credential, made from the shape of its type. Its values go to the server and never come back.
import { useEffect, useId, useState } from "react";
import { call, get, post } from "../studio/api.js";
import { Prose } from "../studio/prose.jsx";
import { Cancel, Dialog, Failure, useSubmit } from "../shell/dialog.jsx";
import { t } from "../texts/texts.js";

/** Stores a new credential of one of `types` (all when missing), or new values and a new name of `credential`. */
export function CredentialDialog({ types, wanted, credential, onClose, onDone }) {
  const [kinds, setKinds] = useState([]);
  const [type, setType] = useState(credential?.type ?? wanted ?? "");
  const [name, setName] = useState(credential?.name ?? "");
  const [values, setValues] = useState({});
  const [replacing, setReplacing] = useState(!credential);
  const [trouble, setTrouble] = useState("");
  const kind = kinds.find((known) => known.type === type);

  useEffect(() => {
    const gone = new AbortController();
    get("/credential-types", { signal: gone.signal }).then((answer) => {
      const fitting = answer.items.filter((known) => !types || types.includes(known.type));
      setKinds(fitting);
      setType((before) => before || fitting[0]?.type);
    }).catch((error) => error.name !== "AbortError" && setTrouble(error.message));
    return () => gone.abort();
  }, [types]);

  const { failure, busy, submit } = useSubmit(async () => {
    const body = { name, ...(replacing && { values }) };
    onDone(credential ? await call("PATCH", `/credentials/${encodeURIComponent(credential.id)}`, { body }) : await post("/credentials", { ...body, type }));
  });
  const become = (next) => {
    setType(next);
    setValues({});
  };

  return (
    <Dialog heading={credential ? t("credentials.change_title", { name: credential.name }) : t("credentials.new")} text={t("credentials.intro")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <label>{t("credentials.name")}
          <input className="fs-input" value={name} required autoFocus maxLength={200} onChange={(event) => setName(event.target.value)} />
        </label>
        {!credential && kinds.length > 1 && (
          <label>{t("credentials.type")}
            <select className="fs-input" value={type} onChange={(event) => become(event.target.value)}>
              {kinds.map((known) => <option key={known.type} value={known.type}>{known.label}</option>)}
            </select>
          </label>
        )}
        {kind?.help && <p className="fs-help"><Prose text={kind.help} /></p>}
        {credential && (
          <label className="fs-row-label">
            <input type="checkbox" checked={replacing} onChange={(event) => setReplacing(event.target.checked)} /> {t("credentials.replace")}
          </label>
        )}
        {replacing && kind?.fields.map((field) => (
          <Value key={`${type}/${field.name}`} field={field} value={values[field.name]} set={(value) => setValues((before) => ({ ...before, [field.name]: value }))} />
        ))}
        <Failure text={failure || trouble} />
        <div className="fs-dialog-actions">
          <Cancel onClick={onClose} />
          <button type="submit" className="fs-button fs-button-primary" disabled={busy || !kind}>{t(busy ? "credentials.saving" : "credentials.save")}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** One value of a credential. No expressions here: what is typed is what is stored. */
function Value({ field, value, set }) {
  const id = useId();
  const shown = value ?? field.default ?? "";
  const secret = field.kind === "secret";
  const common = { id, className: "fs-input", required: field.required, "aria-describedby": field.help ? `${id}-help` : undefined };
  return (
    <div className="fs-field">
      <label className="fs-label" htmlFor={id}>{field.title}</label>
      {field.kind === "choice"
        ? <select {...common} value={shown} onChange={(event) => set(event.target.value)}>
            {field.options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
          </select>
        : <input {...common} type={secret ? "password" : "text"} autoComplete={secret ? "new-password" : "off"} spellCheck={false}
            value={shown} onChange={(event) => set(event.target.value)} />}
      {field.help && <small id={`${id}-help`}><Prose text={field.help} /></small>}
    </div>
  );
}
