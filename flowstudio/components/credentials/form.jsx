// The form of a credential, made from the shape of its type. Its values go to the server and never come back.
import { useEffect, useId, useState } from "react";
import { call, get, post } from "../studio/api.js";
import { defaultsOf, isShown } from "../studio/fields.jsx";
import { Paragraphs, Prose } from "../studio/prose.jsx";
import { Cancel, Dialog, Failure, useSubmit } from "../shell/dialog.jsx";
import { t } from "../texts/texts.js";
import "./credentials.css";

const SIGN_IN = ["oauth2", "google-oauth2"];
const USERS = ["editor", "admin", "owner"];

/** Stores a new credential of one of `types` (all when missing), or new values and a new name of `credential`. */
export function CredentialDialog({ types, wanted, credential, mayShare = true, onClose, onDone }) {
  const id = useId();
  const [kinds, setKinds] = useState([]);
  const [type, setType] = useState(credential?.type ?? wanted ?? "");
  const [name, setName] = useState(credential?.name ?? "");
  const [values, setValues] = useState({});
  const [sharing, setSharing] = useState({});
  const [replacing, setReplacing] = useState(!credential);
  const [trouble, setTrouble] = useState("");
  const kind = kinds.find((known) => known.type === type);
  const defaults = defaultsOf(kind?.fields ?? []);
  const fields = (kind?.fields ?? []).filter((field) => isShown(field, values, defaults));

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
    const body = { name, ...(replacing && { values }), ...sharing };
    onDone(credential ? await call("PATCH", `/credentials/${encodeURIComponent(credential.id)}`, { body }) : await post("/credentials", { ...body, type }));
  });
  const become = (next) => {
    setType(next);
    setValues({});
  };
  const share = (key, value) => setSharing((before) => ({ ...before, [key]: value }));

  return (
    <Dialog heading={credential ? t("credentials.change_title", { name: credential.name }) : t("credentials.new")} text={t("credentials.intro")} className="fs-credential" onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <label>{t("credentials.name")}
          <input className="fs-input" value={name} required autoFocus maxLength={200} onChange={(event) => setName(event.target.value)} />
        </label>
        {!credential && kinds.length > 1 && (
          <div className="fs-field">
            <label className="fs-label" htmlFor={id}>{t("credentials.type")}</label>
            <select id={id} className="fs-input" value={type} onChange={(event) => become(event.target.value)}>
              {kinds.map((known) => <option key={known.type} value={known.type}>{known.label}</option>)}
            </select>
          </div>
        )}
        {kind?.help && <div className="fs-credential-help"><Paragraphs text={kind.help} /></div>}
        {SIGN_IN.includes(type) && <Redirect />}
        {credential && (
          <label className="fs-row-label">
            <input type="checkbox" checked={replacing} onChange={(event) => setReplacing(event.target.checked)} /> {t("credentials.replace")}
          </label>
        )}
        {replacing && fields.map((field) => (
          <Value key={`${type}/${field.name}`} field={field} value={values[field.name]} set={(value) => setValues((before) => ({ ...before, [field.name]: value }))} />
        ))}
        <details className="fs-credential-more">
          <summary>{t("credentials.more")}</summary>
          <div className="fs-form">
            {mayShare && ["usable_by", "editable_by"].map((key) => (
              <label key={key}>{t(`credentials.${key}`)}
                <select className="fs-input" value={sharing[key] ?? credential?.[key] ?? (key === "usable_by" ? "editor" : "admin")} onChange={(event) => share(key, event.target.value)}>
                  {USERS.map((role) => <option key={role} value={role}>{t(`credentials.from_${role}`)}</option>)}
                </select>
              </label>
            ))}
            <label>{t("credentials.ends")}
              <input
                className="fs-input" type="date" defaultValue={credential?.ends_at?.slice(0, 10)}
                onChange={(event) => share("ends_at", event.target.value ? `${event.target.value}T00:00:00Z` : null)}
              />
              <small>{t("credentials.ends_help")}</small>
            </label>
          </div>
        </details>
        <Failure text={failure || trouble} />
        <div className="fs-dialog-actions">
          <Cancel onClick={onClose} />
          <button type="submit" className="fs-button fs-button-primary" disabled={busy || !kind}>{t(busy ? "credentials.saving" : "credentials.save")}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** The address that the service must know before anybody can sign in there. */
function Redirect() {
  const id = useId();
  return (
    <div className="fs-field">
      <label className="fs-label" htmlFor={id}>{t("credentials.redirect")}</label>
      <input id={id} className="fs-input fs-credential-address" readOnly value={`${location.origin}/api/oauth2/callback`} aria-describedby={`${id}-help`} onFocus={(event) => event.target.select()} />
      <small id={`${id}-help`}>{t("credentials.redirect_help")}</small>
    </div>
  );
}

/** One value of a credential. No expressions here: what is typed is what is stored. */
function Value({ field, value, set }) {
  const id = useId();
  const shown = value ?? field.default ?? "";
  const lines = field.kind === "secret-lines";
  const secret = field.kind === "secret";
  const common = { id, className: "fs-input", required: field.required, "aria-describedby": field.help ? `${id}-help` : undefined };
  const typed = (event) => set(field.kind === "number" ? (event.target.value === "" ? undefined : event.target.valueAsNumber) : event.target.value);
  return (
    <div className="fs-field">
      <label className="fs-label" htmlFor={id}>{field.title}</label>
      {field.kind === "choice" && (
        <select {...common} value={shown} onChange={typed}>
          {field.options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
      )}
      {lines && <textarea {...common} className="fs-input fs-credential-lines" rows={4} autoComplete="off" spellCheck={false} value={shown} onChange={typed} />}
      {field.kind !== "choice" && !lines && (
        <input
          {...common} type={secret ? "password" : field.kind === "number" ? "number" : "text"} autoComplete={secret ? "new-password" : "off"} spellCheck={false}
          min={field.minimum} max={field.maximum} value={shown} onChange={typed}
        />
      )}
      {field.help && <small id={`${id}-help`}><Prose text={field.help} /></small>}
    </div>
  );
}
