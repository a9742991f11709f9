// What admins set for the server: what is kept, limits, the mail server.
import { useState } from "react";
import { toast } from "sonner";
import { Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { call } from "../studio/api.js";
import { formatNumber, t } from "../texts/texts.js";

const MEGABYTE = 1024 * 1024;
// Each number: the smallest and the largest that may be entered, the step, and what one in the field is worth.
const NUMBERS = {
  retention_days: { min: 0.01, max: 36500, step: "any", worth: 1 },
  retention_count: { min: 1, max: 100000000, step: 1, worth: 1 },
  concurrency: { min: 1, max: 10000, step: 1, worth: 1 },
  concurrency_total: { min: 0, max: 1000000, step: 1, worth: 1 },
  max_body: { min: 1, max: 1024, step: "any", worth: MEGABYTE },
};
const shown = (name, value) => Math.round((value / NUMBERS[name].worth) * 100) / 100;

export function Server() {
  const [found, failure, reload] = useAnswer("/server-settings");
  const [typed, setTyped] = useState(0); // counts the answers, so that a form begins anew with what was stored
  if (!found) return <Pending failure={failure} reload={reload} />;
  const save = async (change, said) => {
    await call("PUT", "/server-settings", { body: { ...asWanted(found), ...change } });
    reload();
    setTyped((count) => count + 1);
    toast.success(said);
  };
  return (
    <>
      <Numbers key={`kept-${typed}`} id="kept" names={["retention_days", "retention_count"]} found={found} onSave={(values) => save(values, t("server.kept_saved"))} />
      <Numbers key={`limits-${typed}`} id="limits" names={["concurrency", "concurrency_total", "max_body"]} found={found} onSave={(values) => save(values, t("server.limits_saved"))} />
      <Mail key={JSON.stringify(found.mail) + typed} found={found} onSave={(mail) => save({ mail }, t(mail ? "server.mail_saved" : "server.mail_off"))} />
    </>
  );
}

/** What is there, as it is sent back; the password stays where it is. */
function asWanted({ mail, retention_days, retention_count, max_body, concurrency, concurrency_total }) {
  const { has_password: _, ...kept } = mail ?? {};
  return { retention_days, retention_count, max_body, concurrency, concurrency_total, mail: mail && kept };
}

function Numbers({ id, names, found, onSave }) {
  const saving = useSubmit((entered) => onSave(Object.fromEntries(names.filter((name) => !found.fixed[name]).map((name) => [
    name, entered[name] === "" ? null : Math.round(Number(entered[name]) * NUMBERS[name].worth * 1e6) / 1e6,
  ]).map(([name, value]) => [name, value !== null && NUMBERS[name].worth > 1 ? Math.round(value) : value]))));
  return (
    <section className="fs-card fs-panel-card" aria-labelledby={id}>
      <h2 id={id}>{t(`server.${id}`)}</h2>
      <p className="fs-quiet">{t(`server.${id}_text`)}</p>
      <form className="fs-form" onSubmit={saving.submit} autoComplete="off">
        {names.map((name) => {
          const { min, max, step } = NUMBERS[name];
          const fixed = found.fixed[name];
          const normal = formatNumber(shown(name, found.defaults[name]));
          return (
            <TextField
              key={name} label={t(`server.${name}`)} name={name} type="number" min={min} max={max} step={step} required={false} disabled={Boolean(fixed)}
              defaultValue={shown(name, found[name])} placeholder={normal}
              help={fixed ? t("server.fixed", { variable: fixed }) : t(`server.${name}_help`, { normal })}
            />
          );
        })}
        <Failure text={saving.failure} />
        {names.some((name) => !found.fixed[name]) && <div><button className="fs-button fs-button-primary" disabled={saving.busy}>{t(`server.${id}_save`)}</button></div>}
      </form>
    </section>
  );
}

function Mail({ found, onSave }) {
  const { mail, fixed } = found;
  const [security, setSecurity] = useState(mail?.security ?? "starttls");
  const [trial, setTrial] = useState(null);
  const saving = useSubmit(({ host, port, user, password, sender }) => onSave({
    host: host.trim(), security, user: user.trim(), sender: (sender ?? mail?.sender ?? "").trim(),
    ...(port && { port: Number(port) }), ...(password && { password }),
  }));
  const trying = useSubmit(async () => setTrial(await call("POST", "/server-settings/test-mail")));
  const off = useSubmit(() => onSave(null));
  const locked = Boolean(fixed.mail);
  return (
    <section className="fs-card fs-panel-card" aria-labelledby="mail">
      <h2 id="mail">{t("server.mail")}</h2>
      <p className="fs-quiet">{t("server.mail_text")}{locked && ` ${t("server.fixed", { variable: fixed.mail })}`}</p>
      <form className="fs-form" onSubmit={saving.submit} autoComplete="off">
        <TextField label={t("server.host")} name="host" defaultValue={mail?.host ?? ""} placeholder="mail.example.com" maxLength={253} disabled={locked} />
        <div className="fs-field">
          <label className="fs-label" htmlFor="mail-security">{t("server.security")}</label>
          <select id="mail-security" className="fs-input" value={security} disabled={locked} onChange={(event) => setSecurity(event.target.value)}>
            {["starttls", "tls"].map((kind) => <option key={kind} value={kind}>{t(`server.security_${kind}`)}</option>)}
          </select>
        </div>
        <TextField label={t("server.port")} name="port" type="number" min="1" max="65535" required={false} defaultValue={mail?.port ?? ""} placeholder={security === "tls" ? "465" : "587"} disabled={locked} />
        <TextField label={t("server.user")} name="user" required={false} defaultValue={mail?.user ?? ""} maxLength={320} disabled={locked} help={t("server.user_help")} />
        {!locked && <TextField
          label={t("server.password")} name="password" type="password" required={false} autoComplete="new-password" maxLength={1000}
          placeholder={mail?.has_password ? t("server.password_kept") : ""} help={t(mail?.has_password ? "server.password_again" : "server.password_help")}
        />}
        <TextField label={t("server.sender")} name="sender" type="email" defaultValue={mail?.sender ?? ""} placeholder="flowstudio@example.com" disabled={locked || Boolean(fixed.sender)} help={fixed.sender ? t("server.fixed", { variable: fixed.sender }) : undefined} />
        <Failure text={saving.failure || off.failure} />
        {!locked && <div><button className="fs-button fs-button-primary" disabled={saving.busy}>{t("server.mail_save")}</button></div>}
      </form>
      {mail && (
        <div className="fs-mail-more">
          <form onSubmit={trying.submit}><button className="fs-button" disabled={trying.busy}>{t(trying.busy ? "server.trying" : "server.try")}</button></form>
          {!locked && <form onSubmit={off.submit}><button className="fs-button" disabled={off.busy}>{t("server.turn_off")}</button></form>}
          <p role="status" className={trial && !trial.sent ? "fs-form-error" : ""}>{trial?.message}</p>
          <Failure text={trying.failure} />
        </div>
      )}
    </section>
  );
}
