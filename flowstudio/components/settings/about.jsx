// What this installation is; the details are for admins.
import { Pending, useAnswer } from "../shell/loading.jsx";
import { formatNumber, t } from "../texts/texts.js";

export function About({ mayAdmin }) {
  const [health] = useAnswer("/health");
  const [found, failure, reload] = useAnswer("/installation", mayAdmin);
  if (mayAdmin ? !found : !health) return <Pending failure={failure} reload={reload} />;
  const facts = [["settings.version", `FlowStudio ${(found ?? health).version}`]];
  if (found) {
    facts.push(
      ["settings.python", `${found.python} · ${found.system}`],
      ["settings.database", found.database, found.database_address],
      ["settings.data_folder", found.data_folder, formatSize(found.data_bytes)],
      ...found.cages.map((cage) => ["settings.cage", t(`settings.cage_${cage.tier}`), cage.reason, cage.language]),
      ["settings.workflows", formatNumber(found.workflows)],
      ["settings.retention", t("settings.retention_text", { days: formatNumber(found.retention_days), count: formatNumber(found.retention_count) })],
      ["settings.timezone", found.timezone],
    );
  }
  return (
    <section className="fs-card fs-panel-card" aria-labelledby="about">
      <h2 id="about">{t("settings.about")}</h2>
      <p className="fs-quiet">{t(mayAdmin ? "settings.about_text" : "settings.about_few")}</p>
      <dl className="fs-details">
        {facts.map(([key, value, more, subject]) => (
          <Fact key={key + (subject ?? "")} name={t(key, { subject })} value={value} more={more} />
        ))}
      </dl>
    </section>
  );
}

function Fact({ name, value, more }) {
  return <><dt>{name}</dt><dd>{value}{more && <small>{more}</small>}</dd></>;
}

/** 512 kB, 3.2 MB. */
export function formatSize(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${formatNumber(Math.round((bytes / 1000 ** step) * 10) / 10)} ${units[step]}`;
}
