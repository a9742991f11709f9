// All templates: search, categories, cards with pictures.
import { useEffect, useMemo, useState } from "react";
import { Search } from "lucide-react";
import { count, t } from "../texts/texts.js";
import { get } from "../studio/api.js";
import { loadCatalogue } from "../studio/catalogue.js";
import { TemplateCard, TemplateDialog } from "./card.jsx";
import { matching } from "./matching.js";
import "./templates.css";

/** What there is, fetched once for a page. */
export function useTemplates() {
  const [answer, setAnswer] = useState({});
  useEffect(() => {
    let gone = false;
    Promise.all([get("/templates/"), loadCatalogue()])
      .then(([{ items, categories }, catalogue]) => !gone && setAnswer({ items, categories, catalogue }))
      .catch((error) => !gone && setAnswer({ failure: error.message }));
    return () => { gone = true; };
  }, []);
  return answer;
}

export function TemplateGallery({ mayEdit }) {
  const { items, categories, catalogue, failure } = useTemplates();
  const [search, setSearch] = useState("");
  const [category, setCategory] = useState(null);
  const [easy, setEasy] = useState(false);
  const [open, setOpen] = useOpened(items);
  const shown = useMemo(() => matching(items ?? [], { search, category, easy }), [items, search, category, easy]);
  if (failure) return <p className="fs-card fs-empty" role="alert">{failure}</p>;
  if (!items) return <div className="fs-card fs-skeleton" role="status" aria-busy="true"><span className="fs-visually-hidden">{t("app.loading")}</span></div>;
  return (
    <>
      <div className="fs-toolbar fs-template-tools">
        <label className="fs-search">
          <Search size={16} aria-hidden="true" />
          <input type="search" value={search} placeholder={t("templates.search")} aria-label={t("templates.search")} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <div className="fs-template-filters" role="group" aria-label={t("templates.categories")}>
          {[null, ...categories].map((name) => (
            <button key={name ?? ""} type="button" className="fs-template-filter" aria-pressed={category === name} onClick={() => setCategory(name)}>{name ?? t("templates.all")}</button>
          ))}
          <button type="button" className="fs-template-filter" aria-pressed={easy} onClick={() => setEasy(!easy)}>{t("templates.easy")}</button>
        </div>
      </div>
      <p className="fs-visually-hidden" role="status">{count(shown.length, "templates.one", "templates.many")}</p>
      {shown.length ? <ul className="fs-templates">{shown.map((template) => <TemplateCard key={template.id} template={template} catalogue={catalogue} onOpen={setOpen} />)}</ul>
        : <p className="fs-card fs-empty">{t("templates.none")}</p>}
      <TemplateDialog template={open} catalogue={catalogue} mayEdit={mayEdit} onClose={() => setOpen(null)} />
    </>
  );
}

/** Which template is open; its id is the address's fragment, so that it can be linked to. */
function useOpened(items) {
  const [id, setId] = useState(() => location.hash.slice(1));
  useEffect(() => {
    const read = () => setId(location.hash.slice(1));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  const open = (template) => {
    history.replaceState(history.state, "", template ? `#${template.id}` : location.pathname);
    setId(template?.id ?? "");
  };
  return [items?.find((template) => template.id === id) ?? null, open];
}

const FIRST = ["first-workflow", "sales-report", "price-quote"];

/** A few templates to begin with. */
export function TemplateSuggestions({ mayEdit }) {
  const { items, catalogue } = useTemplates();
  const [open, setOpen] = useState(null);
  if (!items) return null;
  const shown = FIRST.map((id) => items.find((template) => template.id === id)).filter(Boolean);
  return (
    <section className="fs-suggestions" aria-labelledby="fs-suggestions-title">
      <header><div><h2 id="fs-suggestions-title">{t("templates.suggestions")}</h2><p>{t("templates.suggestions_text")}</p></div>
        <a className="fs-link" href="/templates">{t("templates.see_all", { count: items.length })}</a></header>
      <ul className="fs-templates">{shown.map((template) => <TemplateCard key={template.id} template={template} catalogue={catalogue} onOpen={setOpen} />)}</ul>
      <TemplateDialog template={open} catalogue={catalogue} mayEdit={mayEdit} onClose={() => setOpen(null)} />
    </section>
  );
}
