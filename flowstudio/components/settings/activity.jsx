// Who did what, for admins. The entries cannot be changed; they can be narrowed down and taken along as a file.
import { useEffect, useState } from "react";
import { Download } from "lucide-react";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { get } from "../studio/api.js";
import { formatTime, t } from "../texts/texts.js";

const KINDS = ["session", "user", "key", "credential", "workflow", "execution", "worker", "settings"];
const WAIT = 300; // ms after the last key

/** The filters as a query; empty ones are left out. */
function query(filters, more = {}) {
  const given = Object.entries({ ...filters, ...more }).filter(([, value]) => value);
  return new URLSearchParams(given).toString();
}

export function Activity() {
  const [filters, setFilters] = useState({ action: "", actor: "", search: "" });
  const [typed, setTyped] = useState("");
  const [people] = useAnswer("/users");
  const [first, failure, reload] = useAnswer(`/audit?${query(filters)}`);
  const [later, setLater] = useState({ first: null, rows: [], cursor: null });
  useEffect(() => {
    const timer = setTimeout(() => setFilters((before) => before.search === typed.trim() ? before : { ...before, search: typed.trim() }), WAIT);
    return () => clearTimeout(timer);
  }, [typed]);
  if (!first) return <Pending failure={failure} reload={reload} />;
  const more = later.first === first ? later : { rows: [], cursor: first.next_cursor };
  const rows = [...first.items, ...more.rows];
  const load = async () => {
    const page = await get(`/audit?${query(filters, { cursor: more.cursor })}`);
    setLater({ first, rows: [...more.rows, ...page.items], cursor: page.next_cursor });
  };
  const set = (name) => (event) => setFilters({ ...filters, [name]: event.target.value });
  return (
    <section aria-labelledby="activity" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head">
        <div><h2 id="activity">{t("activity.title")}</h2><p className="fs-quiet">{t("activity.text")}</p></div>
        <a className="fs-button" href={`/api/audit/export?${query(filters, { format: "csv" })}`} download><Download size={15} aria-hidden="true" />{t("activity.table")}</a>
        <a className="fs-button" href={`/api/audit/export?${query(filters, { format: "json" })}`} download><Download size={15} aria-hidden="true" />{t("activity.json")}</a>
      </div>
      <div className="fs-activity-filters" role="search">
        <input type="search" className="fs-input" aria-label={t("activity.search")} placeholder={t("activity.search")} value={typed} maxLength={200} onChange={(event) => setTyped(event.target.value)} />
        <select className="fs-input" aria-label={t("activity.what")} value={filters.action} onChange={set("action")}>
          <option value="">{t("activity.all")}</option>
          {KINDS.map((kind) => (
            <optgroup key={kind} label={t(`activity.kind_${kind}`)}>
              <option value={kind}>{t("activity.all_of", { kind: t(`activity.kind_${kind}`) })}</option>
              {first.actions.filter((action) => action.startsWith(`${kind}.`)).map((action) => <option key={action} value={action}>{words(action)}</option>)}
            </optgroup>
          ))}
        </select>
        <select className="fs-input" aria-label={t("activity.who")} value={filters.actor} onChange={set("actor")}>
          <option value="">{t("activity.everybody")}</option>
          {people?.items.map((person) => <option key={person.id} value={person.id}>{person.name}</option>)}
        </select>
      </div>
      {failure && <p className="fs-form-error" role="alert">{failure}</p>}
      <div className="fs-card">
        {rows.length === 0 ? <p className="fs-empty" role="status">{t("activity.none")}</p> : (
          <div className="fs-card-scroll" tabIndex={0} role="region" aria-labelledby="activity">
            <table className="fs-table">
              <thead><tr><th scope="col">{t("activity.when")}</th><th scope="col">{t("activity.who")}</th><th scope="col">{t("activity.what")}</th><th scope="col">{t("activity.subject")}</th><th scope="col">{t("activity.from")}</th></tr></thead>
              <tbody>{rows.map((row) => <Entry key={row.id} row={row} />)}</tbody>
            </table>
          </div>
        )}
        {more.cursor && <div className="fs-more"><button type="button" className="fs-button" onClick={load}>{t("app.more")}</button></div>}
      </div>
    </section>
  );
}

function Entry({ row }) {
  const via = row.via && row.via !== "session" ? t(`activity.via_${row.via}`) : "";
  return (
    <tr>
      <td className="fs-nowrap"><time dateTime={row.at}>{formatTime(row.at)}</time></td>
      <td>{row.actor || <span className="fs-quiet">{t("activity.nobody")}</span>}{via && <small>{via}</small>}</td>
      <td className={row.action === "session.refused" ? "fs-text-error" : undefined}>{words(row.action)}</td>
      <td><span className="fs-title">{row.subject}</span>{details(row.detail).map((line) => <small key={line}>{line}</small>)}</td>
      <td><small>{row.client}</small></td>
    </tr>
  );
}

const words = (action) => t(`activity.${action.replace(".", "_")}`);

/** What there is to say beyond the name: `role: viewer → editor`. Ids are for the files. */
function details(detail) {
  const shown = ["role", "name", "type", "version", "changed", "count", "scope"];
  return shown.filter((name) => detail[name] !== undefined).map((name) => {
    const value = detail[name];
    const text = Array.isArray(value) ? value.join(["role", "name"].includes(name) ? " → " : ", ") : String(value);
    return t(`activity.detail_${name}`, { value: text });
  });
}
