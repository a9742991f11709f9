// Sign-in and set-up. They post to the HTTP API, whose answer sets the session cookie that scripts cannot read; the
// page load that follows connects the event socket with it.
import { useEffect, useState } from "react";
import { arrived } from "../shell/tour.js";
import { get } from "../studio/api.js";
import { t } from "../texts/texts.js";

/** Only paths of this server: a link must not send anybody elsewhere after the sign-in. */
function nextPath() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}

/** Whether the page listens: before, a browser would send the form by itself, with the password in the address. */
export function useReady() {
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  return ready;
}

function useEntry(path, then) {
  const ready = useReady();
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailure("");
    try {
      const values = Object.fromEntries(new FormData(event.currentTarget));
      const body = JSON.stringify(values);
      const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (answer.ok) {
        arrived(values.email);
        return void location.assign(then());
      }
      const data = await answer.json().catch(() => null);
      setFailure(data?.error?.message ?? t("app.unexpected", { status: answer.status }));
    } catch {
      setFailure(t("app.offline"));
    }
    setBusy(false);
  };
  return { failure, busy, blocked: busy || !ready, submit };
}

export function Input({ label, help, ...rest }) {
  return <label>{label}<input className="fs-input" required {...rest} />{help && <small>{help}</small>}</label>;
}

export function LoginForm() {
  const [resets, setResets] = useState(false);
  useEffect(() => {
    get("/setup").then((answer) => setResets(answer.can_reset), () => {});
  }, []);
  const { failure, busy, blocked, submit } = useEntry("/api/login", nextPath);
  return (
    <form className="fs-form" method="post" onSubmit={submit}>
      <Input label={t("login.email")} name="email" type="email" autoComplete="username" autoFocus />
      <Input label={t("login.password")} name="password" type="password" autoComplete="current-password" />
      <p className="fs-form-error" role="alert">{failure}</p>
      <button className="fs-button fs-button-primary fs-button-wide" disabled={blocked}>{t(busy ? "login.busy" : "login.submit")}</button>
      {resets && <p><a className="fs-link" href="/forgotten-password">{t("links.forgotten")}</a></p>}
    </form>
  );
}

export function SetupForm() {
  const { failure, busy, blocked, submit } = useEntry("/api/setup", () => "/");
  return (
    <form className="fs-form" method="post" onSubmit={submit}>
      <Input label={t("setup.name")} name="name" autoComplete="name" autoFocus maxLength={200} />
      <Input label={t("setup.email")} name="email" type="email" autoComplete="username" />
      <Input label={t("setup.password")} name="password" type="password" autoComplete="new-password" minLength={8} help={t("setup.password_help")} />
      <p className="fs-form-error" role="alert">{failure}</p>
      <button className="fs-button fs-button-primary fs-button-wide" disabled={blocked}>{t(busy ? "setup.busy" : "setup.submit")}</button>
    </form>
  );
}
