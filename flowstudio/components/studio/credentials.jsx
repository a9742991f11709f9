// Which stored credential a step uses, and the way to store a new one.
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { KeyRound, LogIn } from "lucide-react";
import { t } from "../texts/texts.js";
import { signIn } from "../credentials/connecting.js";
import { CredentialDialog } from "../credentials/form.jsx";
import { get } from "./api.js";
import { defaultsOf, isShown } from "./fields.jsx";
import { Prose } from "./prose.jsx";

/** Names and types of all credentials, asked for when they are first needed; null until then. */
function useCredentials(wanted) {
  const [stored, setStored] = useState(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    if (!wanted) return undefined;
    const gone = new AbortController();
    get("/credentials", { signal: gone.signal }).then((answer) => setStored(answer.items))
      .catch((error) => error.name !== "AbortError" && setFailure(error.message));
    return () => gone.abort();
  }, [wanted]);
  const add = useCallback((made) => setStored((before) => [...(before ?? []).filter((known) => known.id !== made.id), made].sort((a, b) => a.name.localeCompare(b.name))), []);
  return [stored, failure, add];
}

/** The parameter below which a type's credentials belong: the one that decides whether they matter, if any does. */
export function decidingField(type) {
  const rules = [type.credentials?.[0]?.show_if ?? []].flat();
  const name = rules[rules.length - 1]?.field;
  return type.fields?.some((field) => field.name === name && !field.show_if) ? name : null;
}

/** The credential slots of a node that matter with its present parameters. */
export function Credentials({ type, data, change, mayEdit, mayAdmin }) {
  const defaults = defaultsOf(type.fields ?? []);
  const slots = (type.credentials ?? []).filter((slot) => isShown(slot, data.properties ?? {}, defaults));
  const [stored, failure, add] = useCredentials(mayEdit && slots.length > 0);
  const chosen = data.credentials ?? {};
  const choose = (slot, id) => {
    const { [slot]: _, ...others } = chosen;
    change(id ? { ...others, [slot]: id } : others);
  };
  return (
    <>
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
      {slots.map((slot) => (
        <Slot
          key={slot.name} slot={slot} stored={stored} value={chosen[slot.name] ?? ""} wanted={wantedType(slot, data.properties, defaults)}
          mayEdit={mayEdit} mayAdmin={mayAdmin} onChoose={(id) => choose(slot.name, id)} onMade={add}
        />
      ))}
    </>
  );
}

/** The type that a new credential most likely has: a field that says `header` wants an `http-header`. */
function wantedType(slot, values = {}, defaults) {
  const rules = [slot.show_if ?? []].flat();
  const said = rules.map((rule) => values[rule.field] ?? defaults[rule.field]);
  return slot.types.find((type) => said.includes(type.split("-").pop())) ?? slot.types[0];
}

function Slot({ slot, stored, value, wanted, mayEdit, mayAdmin, onChoose, onMade }) {
  const id = useId();
  const [making, setMaking] = useState(false);
  const button = useRef(null);
  const fitting = (stored ?? []).filter((credential) => slot.types.includes(credential.type));
  const known = !value || fitting.some((credential) => credential.id === value);
  const chosen = fitting.find((credential) => credential.id === value);
  const [failure, setFailure] = useState("");
  const close = () => {
    setMaking(false);
    button.current?.focus();
  };
  const connect = async () => {
    setFailure("");
    try {
      const outcome = await signIn(value);
      onMade(await get(`/credentials/${encodeURIComponent(value)}`));
      if (outcome !== "yes") setFailure(t(`credentials.signed_in_${outcome}`));
    } catch (error) {
      setFailure(error.message);
    }
  };
  return (
    <div className="fs-field">
      <div className="fs-field-head">
        <label className="fs-label" htmlFor={id}>{slot.title}{slot.required && <abbr title={t("form.required")}> *</abbr>}</label>
      </div>
      <select
        id={id} className="fs-input" value={value} disabled={!mayEdit} aria-describedby={slot.help ? `${id}-help` : undefined}
        onChange={(event) => onChoose(event.target.value)}
      >
        <option value="">{t("credentials.none")}</option>
        {!known && <option value={value}>{t(stored ? "credentials.gone" : "credentials.set")}</option>}
        {fitting.map((credential) => <option key={credential.id} value={credential.id}>{credential.name}</option>)}
      </select>
      {slot.help && <p className="fs-help" id={`${id}-help`}><Prose text={slot.help} /></p>}
      {mayEdit && chosen?.needs_sign_in && chosen.may_change && !chosen.connected_at && (
        <button type="button" className="fs-button fs-button-small fs-button-primary" onClick={connect}>
          <LogIn size={14} aria-hidden="true" /> {t("credentials.connect_it", { name: chosen.name })}
        </button>
      )}
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
      {mayEdit && mayAdmin && (
        <button type="button" ref={button} className="fs-button fs-button-small" onClick={() => setMaking(true)}>
          <KeyRound size={14} aria-hidden="true" /> {t("credentials.new")}
        </button>
      )}
      {making && <CredentialDialog types={slot.types} wanted={wanted} onClose={close} onDone={(made) => { onMade(made); onChoose(made.id); close(); }} />}
    </div>
  );
}
