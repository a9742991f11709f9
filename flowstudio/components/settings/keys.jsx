// API keys: made once, shown once, revoked for ever.
import { useEffect, useRef, useState } from "react";
import { Copy, Plus, Trash2 } from "lucide-react";
import { toast } from "sonner";
import { Cancel, Confirm, Dialog, Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call, post } from "../studio/api.js";
import { formatTime, t } from "../texts/texts.js";

const SCOPES = ["full", "edit", "run", "read"];
const DAYS = [30, 90, 365];

export function Keys({ mayAdmin }) {
  const [keys, failure, reload] = useAnswer("/api-keys");
  const [people] = useAnswer("/users", mayAdmin);
  const [making, setMaking] = useState(false);
  const [doomed, setDoomed] = useState(null);
  if (!keys) return <Pending failure={failure} reload={reload} />;
  const owner = (id) => people?.items.find((person) => person.id === id)?.name ?? "";
  const revoke = async () => {
    await call("DELETE", `/api-keys/${encodeURIComponent(doomed.id)}`);
    setDoomed(null);
    reload();
    toast.success(t("settings.key_revoked"));
  };
  return (
    <section aria-labelledby="keys" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head">
        <div>
          <h2 id="keys">{t("settings.keys")}</h2>
          <p className="fs-quiet">{t("settings.keys_text")} <a className="fs-link" href="/api/docs">{t("settings.api_docs")}</a></p>
        </div>
        <button type="button" className="fs-button fs-button-primary" onClick={() => setMaking(true)}><Plus size={16} aria-hidden="true" />{t("settings.new_key")}</button>
      </div>
      <div className="fs-card">
        {keys.items.length === 0 ? <p className="fs-empty">{t("settings.no_keys")}</p> : (
          <div className="fs-card-scroll">
            <table className="fs-table">
              <thead>
                <tr>
                  <th scope="col">{t("settings.name")}</th><th scope="col">{t("settings.key_prefix")}</th>{mayAdmin && <th scope="col">{t("settings.key_owner")}</th>}
                  <th scope="col">{t("settings.key_scope")}</th><th scope="col">{t("settings.made")}</th><th scope="col">{t("settings.key_expires")}</th><th scope="col">{t("settings.last_used")}</th><th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th>
                </tr>
              </thead>
              <tbody>
                {keys.items.map((key) => (
                  <tr key={key.id}>
                    <td><span className="fs-title">{key.name}</span></td><td><code>{key.prefix}…</code></td>{mayAdmin && <td>{owner(key.user_id)}</td>}
                    <td><small>{t(`settings.scope_${key.scope}`)}</small></td>
                    <td className="fs-nowrap"><small><Ago at={key.created_at} /></small></td>
                    <td className="fs-nowrap"><small>{key.expires_at ? formatTime(key.expires_at) : t("settings.key_for_ever")}</small></td>
                    <td className="fs-nowrap"><small>{key.last_used_at ? <Ago at={key.last_used_at} /> : t("settings.never_used")}</small></td>
                    <td><div className="fs-table-actions"><button type="button" className="fs-tool" aria-label={t("settings.revoke", { name: key.name })} title={t("settings.revoke", { name: key.name })} onClick={() => setDoomed(key)}><Trash2 size={16} aria-hidden="true" /></button></div></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {making && <NewKey scopes={mayAdmin ? [...SCOPES, "metrics"] : SCOPES} onClose={() => { setMaking(false); reload(); }} />}
      {doomed && <Confirm heading={t("settings.revoke", { name: doomed.name })} text={t("settings.revoke_text")} confirm={t("settings.revoke_confirm")} onConfirm={revoke} onClose={() => setDoomed(null)} />}
    </section>
  );
}

/** Asks for a name, then shows the key this once. */
function NewKey({ scopes, onClose }) {
  const [made, setMade] = useState(null);
  const field = useRef(null);
  const { failure, busy, submit } = useSubmit(async ({ name, scope, days }) => setMade(await post("/api-keys", { name, scope, ...(days && { expires_in_days: Number(days) }) })));
  useEffect(() => field.current?.select(), [made]);
  const copy = () => {
    field.current.select();
    navigator.clipboard?.writeText(made.key).then(() => toast.success(t("app.copied")), () => toast.message(t("listening.copy_by_hand")));
  };
  if (made) {
    return (
      <Dialog heading={t("settings.key_made")} text={t("settings.key_once")} onClose={onClose}>
        <div className="fs-secret">
          <input ref={field} className="fs-input" readOnly value={made.key} aria-label={t("settings.key_text")} />
          <button type="button" className="fs-button" onClick={copy}><Copy size={15} aria-hidden="true" />{t("app.copy")}</button>
        </div>
        <div className="fs-dialog-actions"><button type="button" className="fs-button fs-button-primary" onClick={onClose}>{t("settings.key_kept")}</button></div>
      </Dialog>
    );
  }
  return (
    <Dialog heading={t("settings.new_key")} text={t("settings.new_key_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit}>
        <TextField label={t("settings.key_name")} name="name" maxLength={200} autoFocus autoComplete="off" />
        <label>{t("settings.key_scope")}
          <select className="fs-input" name="scope" defaultValue="full">{scopes.map((scope) => <option key={scope} value={scope}>{t(`settings.scope_${scope}`)}</option>)}</select>
        </label>
        <label>{t("settings.key_expires")}
          <select className="fs-input" name="days" defaultValue=""><option value="">{t("settings.key_for_ever")}</option>{DAYS.map((days) => <option key={days} value={days}>{t(`settings.key_days_${days}`)}</option>)}</select>
        </label>
        <Failure text={failure} />
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary" disabled={busy}>{t("settings.make_key")}</button></div>
      </form>
    </Dialog>
  );
}
