// The forms behind links: joining by invitation, asking for a new password, setting it. The token stands behind the # of
// the address, which the browser sends to nobody.
import { useEffect, useState } from "react";
import { arrived } from "../shell/tour.js";
import { post } from "../studio/api.js";
import { formatTime, t } from "../texts/texts.js";
import { Input, useReady } from "./entry.jsx";

const token = () => location.hash.slice(1);

function useForm(act) {
  const ready = useReady();
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      await act(Object.fromEntries(new FormData(event.currentTarget)));
    } catch (error) {
      setFailure(error.message);
    }
    setBusy(false);
  };
  return { failure, blocked: busy || !ready, submit };
}

const Refusal = ({ text }) => <p className="fs-form-error" role="alert">{text}</p>;

export function JoinForm() {
  const [invitation, setInvitation] = useState(null);
  const [gone, setGone] = useState("");
  useEffect(() => {
    post("/invitations/read", { token: token() || "-" }).then(setInvitation, (error) => setGone(error.message));
  }, []);
  const { failure, blocked, submit } = useForm(async ({ name, email, password }) => {
    await post("/invitations/accept", { token: token(), name, email: invitation.email || email, password });
    arrived(invitation.email || email);
    location.assign("/");
  });
  if (gone) return <><Refusal text={gone} /><p><a className="fs-link" href="/login">{t("links.to_login")}</a></p></>;
  if (!invitation) return <div className="fs-skeleton" aria-busy="true" aria-label={t("app.loading")} role="status" />;
  return (
    <form className="fs-form" method="post" onSubmit={submit}>
      <p className="fs-quiet">{t("links.role", { role: t(`roles.${invitation.role}`) })} {t(`links.may_${invitation.role}`)}</p>
      <Input label={t("setup.name")} name="name" autoComplete="name" autoFocus maxLength={200} />
      <Input label={t("setup.email")} name="email" type="email" autoComplete="username" defaultValue={invitation.email} readOnly={Boolean(invitation.email)} />
      <Input label={t("setup.password")} name="password" type="password" autoComplete="new-password" minLength={8} help={t("setup.password_help")} />
      <Refusal text={failure} />
      <button className="fs-button fs-button-primary fs-button-wide" disabled={blocked}>{t("links.join")}</button>
      <p className="fs-quiet">{t("links.until", { day: formatTime(invitation.expires_at) })}</p>
    </form>
  );
}

export function ForgottenForm() {
  const [asked, setAsked] = useState(false);
  const { failure, blocked, submit } = useForm(async ({ email }) => {
    await post("/password/forgotten", { email });
    setAsked(true);
  });
  return (
    <form className="fs-form" method="post" onSubmit={submit}>
      {asked ? <p role="status">{t("links.asked")}</p> : <>
        <Input label={t("login.email")} name="email" type="email" autoComplete="username" autoFocus />
        <Refusal text={failure} />
        <button className="fs-button fs-button-primary fs-button-wide" disabled={blocked}>{t("links.ask")}</button>
      </>}
      <p><a className="fs-link" href="/login">{t("links.to_login")}</a></p>
    </form>
  );
}

export function NewPasswordForm() {
  const [done, setDone] = useState(false);
  const { failure, blocked, submit } = useForm(async ({ password, again }) => {
    if (password !== again) throw new Error(t("settings.passwords_differ"));
    await post("/password/reset", { token: token() || "-", password });
    setDone(true);
  });
  if (done) return <><p role="status">{t("links.set")}</p><p><a className="fs-button fs-button-primary fs-button-wide" href="/login">{t("links.to_login")}</a></p></>;
  return (
    <form className="fs-form" method="post" onSubmit={submit}>
      <Input label={t("settings.new_password")} name="password" type="password" autoComplete="new-password" minLength={8} autoFocus help={t("setup.password_help")} />
      <Input label={t("settings.new_password_again")} name="again" type="password" autoComplete="new-password" minLength={8} />
      <Refusal text={failure} />
      <button className="fs-button fs-button-primary fs-button-wide" disabled={blocked}>{t("settings.change_password")}</button>
    </form>
  );
}
