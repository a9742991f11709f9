// The searchable list of steps: by category, those that fit first.
import { useEffect, useMemo, useRef, useState } from "react";
import { Search, X } from "lucide-react";
import { t } from "../texts/texts.js";

/** The first sentence of a type's help. */
const summary = (help = "") => help.trim().split(/(?<=\.)\s|\n\s*\n/)[0].replace(/[*`]/g, "").replace(/\s+/g, " ");

/** `fitting` says which types fit where the step goes; `title` says where that is. */
export function Palette({ catalogue, mime, title, fitting, strict = false, onPick, onClose }) {
  const [search, setSearch] = useState("");
  const [shelf, setShelf] = useState(null);
  const all = useMemo(() => catalogue.search(search, fitting, strict).filter((group) => group.fits || !strict), [catalogue, search, fitting, strict]);
  const shelves = useMemo(() => [...new Set(catalogue.search("", fitting, strict).filter((group) => group.fits || !strict).map((group) => group.label))], [catalogue, fitting, strict]);
  const groups = useMemo(() => (shelf ? all.filter((group) => group.label === shelf) : all), [all, shelf]);
  const flat = useMemo(() => groups.flatMap((group) => group.types), [groups]);
  const [active, setActive] = useState(0);
  const list = useRef(null);
  const box = useRef(null);
  const field = useRef(null);

  useEffect(() => setActive(0), [search, shelf]);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);
  useEffect(() => {
    const outside = (event) => !box.current?.contains(event.target) && onClose(false);
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [onClose]);

  const onKeyDown = (event) => {
    const last = flat.length - 1;
    const to = { ArrowDown: Math.min(active + 1, last), ArrowUp: Math.max(active - 1, 0), Home: 0, End: last }[event.key];
    if (to !== undefined && (event.key.startsWith("Arrow") || !search)) {
      event.preventDefault();
      setActive(to);
    } else if (event.key === "Enter" && flat[active]) {
      event.preventDefault();
      onPick(flat[active].type);
    }
  };

  return (
    <section
      className="fs-palette" ref={box} role="dialog" aria-label={title}
      onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(true); } }}
    >
      <header className="fs-palette-head">
        <h2>{title}</h2>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={() => onClose(true)}><X size={16} aria-hidden="true" /></button>
        <label className="fs-search">
          <Search size={16} aria-hidden="true" />
          <input
            ref={field} autoFocus type="search" role="combobox" aria-expanded="true" aria-controls="fs-palette-list" aria-autocomplete="list" value={search}
            aria-activedescendant={flat[active] && `fs-palette-${flat[active].type}`} aria-label={t("palette.search")}
            placeholder={t("palette.search")} onChange={(event) => setSearch(event.target.value)} onKeyDown={onKeyDown}
          />
        </label>
        <div className="fs-palette-shelves" role="group" aria-label={t("palette.categories")}>
          {[null, ...shelves].map((name) => (
            <button key={name ?? ""} type="button" aria-pressed={shelf === name} onClick={() => { setShelf(name); field.current?.focus(); }}>
              {name ?? t("palette.all")}
            </button>
          ))}
        </div>
      </header>
      <div className="fs-palette-list" id="fs-palette-list" role="listbox" aria-label={t("palette.title")} ref={list}>
        {groups.map((group, number) => (
          <div key={group.key} role="group" aria-label={group.label} className={group.fits ? undefined : "fs-palette-unfit"}>
            {!group.fits && groups[number - 1]?.fits && <div className="fs-palette-rest">{t("palette.unfit")}</div>}
            <div className="fs-palette-group" aria-hidden="true">{group.label}</div>
            {group.types.map((type) => {
              const Icon = catalogue.icon(type.type);
              const index = flat.indexOf(type);
              return (
                <div
                  key={type.type} id={`fs-palette-${type.type}`} role="option" aria-selected={index === active} draggable
                  className="fs-palette-item" style={{ "--fs-type": catalogue.color(type.type) }}
                  onPointerMove={() => setActive(index)} onClick={() => onPick(type.type)}
                  onDragStart={(event) => { event.dataTransfer.setData(mime, type.type); event.dataTransfer.effectAllowed = "copy"; }}
                >
                  <span className="fs-step-icon"><Icon size={18} aria-hidden="true" /></span>
                  <span className="fs-palette-text"><strong>{type.label}</strong><small>{summary(type.help)}</small></span>
                </div>
              );
            })}
          </div>
        ))}
        {!flat.length && <p className="fs-quiet">{t("palette.none", { search: search })}</p>}
      </div>
    </section>
  );
}
