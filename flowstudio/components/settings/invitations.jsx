// Invitations: a link that lets one person in. It is shown this once.
import { useEffect, useRef, useState } from "react";
import { Copy, MailPlus, X } from "lucide-react";
import { toast } from "sonner";
import { Cancel, Dialog, Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { call, post } from "../studio/api.js";
import { formatTime, t } from "../texts/texts.js";

const ROLES = ["admin", "editor", "viewer"];

export function InviteButton({ onClick }) {
  return <button type="button" className="fs-button fs-button-primary" onClick={onClick}><MailPlus size={16} aria-hidden="true" />{t("invitations.invite")}</button>;
}

/** Those that still work, each with a way to take it back. */
export function OpenInvitations({ items, reload }) {
  if (!items?.length) return null;
  const takeBack = async (invitation) => {
    try {
      await call("DELETE", `/invitations/${encodeURIComponent(invitation.id)}`);
      toast.success(t("invitations.taken_back"));
    } catch (error) {
      toast.error(error.message);
    }
    reload();
  };
  return (
    <div className="fs-card"><div className="fs-card-scroll">
      <table className="fs-table" aria-label={t("invitations.open")}>
        <thead><tr><th scope="col">{t("invitations.open")}</th><th scope="col">{t("settings.role")}</th><th scope="col">{t("invitations.until")}</th><th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th></tr></thead>
        <tbody>
          {items.map((invitation) => {
            const name = invitation.email || t("invitations.anybody");
            return (
              <tr key={invitation.id}>
                <td>{name}</td><td>{t(`roles.${invitation.role}`)}</td><td className="fs-nowrap">{formatTime(invitation.expires_at)}</td>
                <td><div className="fs-table-actions"><button type="button" className="fs-tool" aria-label={t("invitations.take_back", { name })} title={t("invitations.take_back", { name })} onClick={() => takeBack(invitation)}><X size={16} aria-hidden="true" /></button></div></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div></div>
  );
}

/** Asks for whom and what, then shows the link. */
export function Invite({ onClose }) {
  const [made, setMade] = useState(null);
  const field = useRef(null);
  const { failure, busy, submit } = useSubmit(async ({ email, role, days }) => {
    setMade(await post("/invitations", { role, days: Number(days), ...(email && { email }) }));
  });
  useEffect(() => field.current?.select(), [made]);
  const copy = () => {
    field.current.select();
    navigator.clipboard?.writeText(made.link).then(() => toast.success(t("app.copied")), () => toast.message(t("listening.copy_by_hand")));
  };
  if (made) {
    return (
      <Dialog heading={t("invitations.made")} text={t(made.sent ? "invitations.sent" : "invitations.hand_over", { email: made.invitation.email })} onClose={onClose}>
        <div className="fs-secret">
          <input ref={field} className="fs-input" readOnly value={made.link} aria-label={t("invitations.link")} />
          <button type="button" className="fs-button" onClick={copy}><Copy size={15} aria-hidden="true" />{t("app.copy")}</button>
        </div>
        <div className="fs-dialog-actions"><button type="button" className="fs-button fs-button-primary" onClick={onClose}>{t("invitations.done")}</button></div>
      </Dialog>
    );
  }
  return (
    <Dialog heading={t("invitations.invite")} text={t("invitations.text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <TextField label={t("invitations.email")} name="email" type="email" required={false} autoFocus autoComplete="off" help={t("invitations.email_help")} />
        <label>{t("settings.role")}
          <select className="fs-input" name="role" defaultValue="editor">{ROLES.map((role) => <option key={role} value={role}>{t(`settings.may_${role}`)}</option>)}</select>
        </label>
        <label>{t("invitations.days")}
          <select className="fs-input" name="days" defaultValue="7">{[1, 7, 30].map((days) => <option key={days} value={days}>{t(`invitations.days_${days}`)}</option>)}</select>
        </label>
        <Failure text={failure} />
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary" disabled={busy}>{t("invitations.make")}</button></div>
      </form>
    </Dialog>
  );
}
