// The people who may sign in, and what they may do. For admins.
import { useState } from "react";
import { KeyRound, MonitorSmartphone, Plus, UserMinus } from "lucide-react";
import { toast } from "sonner";
import { Cancel, Confirm, Dialog, Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { call, post } from "../studio/api.js";
import { t } from "../texts/texts.js";
import { Invite, InviteButton, OpenInvitations } from "./invitations.jsx";
import { SessionsOf } from "./sessions.jsx";

const ROLES = ["admin", "editor", "viewer"];

export function People() {
  const [people, failure, reload] = useAnswer("/users");
  const [invitations, , reloadInvitations] = useAnswer("/invitations");
  const [me] = useAnswer("/me");
  const [open, setOpen] = useState(null); // {add}, {invite}, or a person to {reset}, {remove} or show the {sessions} of
  const close = () => setOpen(null);
  if (!people || !me) return <Pending failure={failure} reload={reload} />;
  const done = (text) => {
    close();
    reload();
    toast.success(text);
  };
  const changeRole = async (person, role) => {
    try {
      await call("PATCH", `/users/${encodeURIComponent(person.id)}`, { body: { role } });
      toast.success(t("settings.role_saved", { name: person.name, role: t(`roles.${role}`) }));
    } catch (error) {
      toast.error(error.message);
    }
    reload();
  };
  const remove = async () => {
    await call("DELETE", `/users/${encodeURIComponent(open.remove.id)}`);
    done(t("settings.person_removed", { name: open.remove.name }));
  };
  return (
    <section aria-labelledby="people" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head">
        <div><h2 id="people">{t("settings.people")}</h2><p className="fs-quiet">{t("settings.people_text")}</p></div>
        <button type="button" className="fs-button" onClick={() => setOpen({ add: true })}><Plus size={16} aria-hidden="true" />{t("settings.add_person")}</button>
        <InviteButton onClick={() => setOpen({ invite: true })} />
      </div>
      <div className="fs-card"><div className="fs-card-scroll">
        <table className="fs-table">
          <thead>
            <tr><th scope="col">{t("settings.name")}</th><th scope="col">{t("settings.email")}</th><th scope="col">{t("settings.role")}</th><th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th></tr>
          </thead>
          <tbody>
            {people.items.map((person) => {
              const fixed = person.role === "owner" || person.id === me.user.id;
              return (
                <tr key={person.id}>
                  <td><span className="fs-title">{person.name}</span>{person.id === me.user.id && <small> {t("settings.that_is_you")}</small>}</td>
                  <td>{person.email}</td>
                  <td>
                    {fixed ? t(`roles.${person.role}`) : (
                      <select className="fs-input fs-input-small" aria-label={t("settings.role_of", { name: person.name })} value={person.role} onChange={(event) => changeRole(person, event.target.value)}>
                        {ROLES.map((role) => <option key={role} value={role}>{t(`roles.${role}`)}</option>)}
                      </select>
                    )}
                  </td>
                  <td>
                    {!fixed && (
                      <div className="fs-table-actions">
                        <Tool icon={MonitorSmartphone} label={t("settings.sessions_of", { name: person.name })} onClick={() => setOpen({ sessions: person })} />
                        <Tool icon={KeyRound} label={t("settings.reset", { name: person.name })} onClick={() => setOpen({ reset: person })} />
                        <Tool icon={UserMinus} label={t("settings.remove", { name: person.name })} onClick={() => setOpen({ remove: person })} />
                      </div>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div></div>
      <OpenInvitations items={invitations?.items} reload={reloadInvitations} />
      {open?.invite && <Invite onClose={() => { close(); reloadInvitations(); }} />}
      {open?.sessions && <SessionsOf person={open.sessions} onClose={close} />}
      {open?.add && <NewPerson onClose={close} onDone={(person) => done(t("settings.person_added", { name: person.name }))} />}
      {open?.reset && <ResetPassword person={open.reset} onClose={close} onDone={() => done(t("settings.reset_done", { name: open.reset.name }))} />}
      {open?.remove && <Confirm heading={t("settings.remove_title", { name: open.remove.name })} text={t("settings.remove_text")} confirm={t("settings.remove_confirm")} onConfirm={remove} onClose={close} />}
    </section>
  );
}

function Tool({ icon: Icon, label, onClick }) {
  return <button type="button" className="fs-tool" aria-label={label} title={label} onClick={onClick}><Icon size={16} aria-hidden="true" /></button>;
}

function NewPerson({ onClose, onDone }) {
  const { failure, busy, submit } = useSubmit(async (values) => onDone((await post("/users", values)).user));
  return (
    <Dialog heading={t("settings.add_person")} text={t("settings.add_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <TextField label={t("settings.name")} name="name" maxLength={200} autoFocus autoComplete="off" />
        <TextField label={t("settings.email")} name="email" type="email" autoComplete="off" />
        <TextField label={t("settings.first_password")} name="password" type="password" minLength={8} autoComplete="new-password" help={t("setup.password_help")} />
        <label>{t("settings.role")}
          <select className="fs-input" name="role" defaultValue="editor">{ROLES.map((role) => <option key={role} value={role}>{t(`settings.may_${role}`)}</option>)}</select>
        </label>
        <Failure text={failure} />
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary" disabled={busy}>{t("settings.add_person")}</button></div>
      </form>
    </Dialog>
  );
}

function ResetPassword({ person, onClose, onDone }) {
  const { failure, busy, submit } = useSubmit(async ({ password }) => {
    await call("PATCH", `/users/${encodeURIComponent(person.id)}`, { body: { password } });
    onDone();
  });
  return (
    <Dialog heading={t("settings.reset", { name: person.name })} text={t("settings.reset_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <TextField label={t("settings.new_password")} name="password" type="password" minLength={8} autoFocus autoComplete="new-password" help={t("setup.password_help")} />
        <Failure text={failure} />
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary" disabled={busy}>{t("settings.reset_confirm")}</button></div>
      </form>
    </Dialog>
  );
}
