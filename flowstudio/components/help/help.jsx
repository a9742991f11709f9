// The help on nodes: an index to search, and a page for each type, both made from what the server tells of its classes.
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { ArrowLeft, Search } from "lucide-react";
import { Link } from "react-router";
import { loadCatalogue } from "../studio/catalogue.js";
import { Paragraphs, Prose } from "../studio/prose.jsx";
import { Pending } from "../shell/loading.jsx";
import { count, t } from "../texts/texts.js";
import "./help.css";

function useCatalogue() {
  const [catalogue, setCatalogue] = useState(null);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    let gone = false;
    loadCatalogue().then((found) => gone || setCatalogue(found), (error) => gone || setFailure(error.message));
    return () => { gone = true; };
  }, []);
  return [catalogue, failure];
}

/** The first sentence of a type's help. */
const summary = (help = "") => help.trim().split(/(?<=\.)\s|\n\s*\n/)[0].replace(/\s+/g, " ");

export function NodeIndex() {
  const [catalogue, failure] = useCatalogue();
  const [search, setSearch] = useState("");
  const deferred = useDeferredValue(search);
  const groups = useMemo(() => catalogue?.search(deferred) ?? [], [catalogue, deferred]);
  const found = groups.reduce((sum, group) => sum + group.types.length, 0);
  if (!catalogue) return <Pending failure={failure} />;
  return (
    <>
      <div className="fs-toolbar">
        <label className="fs-search">
          <Search size={16} aria-hidden="true" />
          <input type="search" value={search} placeholder={t("help.search")} aria-label={t("help.search")} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <span className="fs-quiet" role="status">{search ? count(found, "help.one", "help.many") : ""}</span>
      </div>
      {found === 0 && <p className="fs-card fs-empty">{t("help.none", { search })}</p>}
      {groups.map((group) => (
        <section key={group.label} className="fs-help-group" aria-label={group.label}>
          <h2>{group.label}</h2>
          <ul className="fs-help-cards">
            {group.types.map((type) => (
              <li key={type.type} className="fs-card fs-help-card">
                <NodeIcon catalogue={catalogue} type={type} />
                <div>
                  <Link className="fs-title" to={`/help/${type.type}`}>{type.label}</Link>
                  <p><Prose text={summary(type.help)} /></p>
                </div>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function NodeIcon({ catalogue, type }) {
  const Icon = catalogue.icon(type.type);
  return <span className="fs-help-icon" style={{ "--fs-type": catalogue.color(type.type) }}><Icon size={20} aria-hidden="true" /></span>;
}

export function NodeHelp({ type: slug }) {
  const [catalogue, failure] = useCatalogue();
  const type = catalogue && slug && catalogue.bySlug.get(slug);
  useEffect(() => {
    if (type) document.title = `${type.label} · ${t("app.name")}`;
  }, [type]);
  if (!catalogue || !slug) return <Pending failure={failure} />;
  const back = <Link className="fs-link fs-help-back" to="/help"><ArrowLeft size={15} aria-hidden="true" /> {t("help.back")}</Link>;
  if (!type) return <>{back}<div className="fs-card fs-empty" role="alert"><h1>{t("help.missing")}</h1><p>{t("help.missing_text", { type: slug })}</p></div></>;
  return (
    <article className="fs-help-page">
      {back}
      <header className="fs-help-head">
        <NodeIcon catalogue={catalogue} type={type} />
        <div><h1>{type.label}</h1><p className="fs-quiet">{type.group} · <code>{type.type}</code></p></div>
      </header>
      <div className="fs-help-text"><Paragraphs text={type.help} /></div>
      <Ports type={type} />
      <Needs title={t("help.credentials")} slots={type.credentials} />
      <Needs title={t("help.slots")} slots={type.slots} />
      {type.fields.length > 0 && <Parameters fields={type.fields} />}
      {type.examples?.length > 0 && <section aria-labelledby="examples"><h2 id="examples">{t("help.examples")}</h2>{type.examples.map((example) => <Example key={example.title} example={example} type={type} />)}</section>}
    </article>
  );
}

function Ports({ type }) {
  const named = (ports) => (ports.length ? ports.map((port) => port.label || t("help.main")).join(", ") : t("help.no_port"));
  return (
    <dl className="fs-facts">
      <div><dt>{t("help.inputs")}</dt><dd>{type.trigger ? t("help.starts") : named(type.inputs)}</dd></div>
      <div><dt>{t("help.outputs")}</dt><dd>{named(type.outputs)}</dd></div>
    </dl>
  );
}

function Needs({ title, slots }) {
  if (!slots?.length) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="fs-help-list">
        {slots.map((slot) => <li key={slot.name}><strong>{slot.title}</strong>{slot.required && ` (${t("form.required")})`}{slot.help && <> · <Prose text={slot.help} /></>}</li>)}
      </ul>
    </section>
  );
}

/** Parameters with those of their lists and objects below them. */
function rows(fields, depth = 0) {
  return fields.flatMap((field) => [{ field, depth }, ...rows(field.fields ?? [], depth + 1)]);
}

function Parameters({ fields }) {
  return (
    <section aria-labelledby="parameters">
      <h2 id="parameters">{t("help.parameters")}</h2>
      <div className="fs-card"><div className="fs-card-scroll" tabIndex={0} role="region" aria-labelledby="parameters">
        <table className="fs-table fs-help-table">
          <thead><tr><th scope="col">{t("help.parameter")}</th><th scope="col">{t("help.meaning")}</th><th scope="col">{t("help.default")}</th></tr></thead>
          <tbody>
            {rows(fields).map(({ field, depth }, index) => (
              <tr key={index}>
                <th scope="row" style={{ paddingLeft: 16 + depth * 20 }}>{field.title || field.name}<small><code>{field.name}</code></small></th>
                <td>
                  <Prose text={field.help ?? ""} />
                  {field.options?.length > 0 && <p className="fs-quiet">{t("help.choices", { choices: field.options.map((option) => option.label).join(", ") })}</p>}
                  {field.show_if && <p className="fs-quiet">{condition(field.show_if, fields)}</p>}
                </td>
                <td>{field.required ? <span className="fs-badge">{t("form.required")}</span> : <code>{shown(field.default)}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div></div>
    </section>
  );
}

function condition(rules, fields) {
  return [rules].flat().map((rule) => {
    const field = fields.find((known) => known.name === rule.field);
    const values = rule.values.map((value) => field?.options?.find((option) => option.value === value)?.label ?? shown(value) ?? "");
    return t("help.condition", { field: field?.title ?? rule.field, values: values.join(", ") });
  }).join(" ");
}

const shown = (value) => (value == null || value === "" ? "" : typeof value === "string" ? value : JSON.stringify(value));

function Example({ example }) {
  const parts = [["help.settings", example.properties], ["help.given", example.given], ...(example.model?.length ? [["help.model", example.model]] : []), [example.fails ? "help.fails" : "help.gives", example.fails || example.gives]];
  return (
    <section className="fs-card fs-help-example" aria-label={example.title}>
      <h3>{example.title}</h3>
      <div className="fs-help-panes">
        {parts.filter(([, value]) => value && Object.keys(value).length).map(([title, value]) => (
          <figure key={title}><figcaption>{t(title)}</figcaption><pre tabIndex={0} aria-label={`${t(title)}: ${example.title}`}>{typeof value === "string" ? value : JSON.stringify(flat(value), null, 2)}</pre></figure>
        ))}
      </div>
    </section>
  );
}

/** The items of the only port, without its name. */
const flat = (value) => (!Array.isArray(value) && Object.keys(value).length === 1 && Array.isArray(value.main) ? value.main : value);
