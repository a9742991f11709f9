// One's own name and password.
import { toast } from "sonner";
import { Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { OwnSessions } from "./sessions.jsx";
import { call } from "../studio/api.js";
import { t } from "../texts/texts.js";

export function Profile() {
  const [me, failure, reload] = useAnswer("/me");
  const naming = useSubmit(async ({ name }) => {
    await call("PATCH", "/me", { body: { name } });
    toast.success(t("settings.name_saved"));
  });
  const changing = useSubmit(async ({ old_password, new_password, again }, form) => {
    if (new_password !== again) throw new Error(t("settings.passwords_differ"));
    await call("PUT", "/me/password", { body: { old_password, new_password } });
    form.reset();
    toast.success(t("settings.password_saved"));
  });
  if (!me) return <Pending failure={failure} reload={reload} />;
  return (
    <>
      <section className="fs-card fs-panel-card" aria-labelledby="profile">
        <h2 id="profile">{t("settings.you")}</h2>
        <p className="fs-quiet">{t("settings.you_text", { email: me.user.email, role: t(`roles.${me.user.role}`) })}</p>
        <form className="fs-form" onSubmit={naming.submit}>
          <TextField label={t("settings.name")} name="name" defaultValue={me.user.name} maxLength={200} autoComplete="name" />
          <Failure text={naming.failure} />
          <div><button className="fs-button fs-button-primary" disabled={naming.busy}>{t("settings.save_name")}</button></div>
        </form>
      </section>
      <section className="fs-card fs-panel-card" aria-labelledby="password">
        <h2 id="password">{t("settings.password")}</h2>
        <p className="fs-quiet">{t("settings.password_text")}</p>
        <form className="fs-form" onSubmit={changing.submit}>
          <input type="text" autoComplete="username" defaultValue={me.user.email} hidden readOnly />
          <TextField label={t("settings.old_password")} name="old_password" type="password" autoComplete="current-password" />
          <TextField label={t("settings.new_password")} name="new_password" type="password" autoComplete="new-password" minLength={8} help={t("setup.password_help")} />
          <TextField label={t("settings.new_password_again")} name="again" type="password" autoComplete="new-password" minLength={8} />
          <Failure text={changing.failure} />
          <div><button className="fs-button fs-button-primary" disabled={changing.busy}>{t("settings.change_password")}</button></div>
        </form>
      </section>
      <OwnSessions />
    </>
  );
}
