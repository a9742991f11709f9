// Which hosts workflows may call.
import { toast } from "sonner";
import { Failure, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { call } from "../studio/api.js";
import { t } from "../texts/texts.js";

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

export function Network() {
  const [rules, failure, reload] = useAnswer("/network-rules");
  const saving = useSubmit(async ({ allowed, denied }) => {
    await call("PUT", "/network-rules", { body: { allowed: lines(allowed), denied: lines(denied) } });
    reload();
    toast.success(t("network.saved"));
  });
  if (!rules) return <Pending failure={failure} reload={reload} />;
  return (
    <section className="fs-card fs-panel-card" aria-labelledby="network">
      <h2 id="network">{t("network.title")}</h2>
      <p className="fs-quiet">{t("network.text")}</p>
      <form className="fs-form" onSubmit={saving.submit} key={JSON.stringify(rules)}>
        <Hosts name="allowed" value={rules.allowed} />
        {rules.configured.length > 0 && <p className="fs-quiet">{t("network.configured", { hosts: rules.configured.join(", ") })}</p>}
        <Hosts name="denied" value={rules.denied} />
        <Failure text={saving.failure} />
        <div><button className="fs-button fs-button-primary" disabled={saving.busy}>{t("network.save")}</button></div>
      </form>
    </section>
  );
}

function Hosts({ name, value }) {
  const id = `hosts-${name}`;
  return (
    <div className="fs-field">
      <label className="fs-label" htmlFor={id}>{t(`network.${name}`)}</label>
      <textarea id={id} name={name} className="fs-input fs-hosts" rows={5} spellCheck={false} defaultValue={value.join("\n")} aria-describedby={`${id}-help`} />
      <small id={`${id}-help`}>{t(`network.${name}_help`)}</small>
    </div>
  );
}
