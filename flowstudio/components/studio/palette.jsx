// The searchable list of steps.
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Search, X } from "lucide-react";
import { t } from "../texts/texts.js";

/** The first sentence of a type's help. */
const summary = (help = "") => help.trim().split(/(?<=\.)\s|\n\s*\n/)[0].replace(/[*`]/g, "").replace(/\s+/g, " ");

export function Palette({ catalogue, mime, onPick, onClose }) {
  const [search, setSearch] = useState("");
  const deferred = useDeferredValue(search);
  const groups = useMemo(() => catalogue.search(deferred), [catalogue, deferred]);
  const flat = useMemo(() => groups.flatMap((group) => group.types), [groups]);
  const [active, setActive] = useState(0);
  const list = useRef(null);
  const box = useRef(null);

  useEffect(() => setActive(0), [deferred]);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);
  useEffect(() => {
    const outside = (event) => !box.current?.contains(event.target) && onClose();
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
    } else if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    }
  };

  return (
    <section className="fs-palette" ref={box} role="dialog" aria-label={t("palette.title")}>
      <header className="fs-palette-head">
        <label className="fs-search">
          <Search size={16} aria-hidden="true" />
          <input
            autoFocus type="search" role="combobox" aria-expanded="true" aria-controls="fs-palette-list" value={search}
            aria-activedescendant={flat[active] && `fs-palette-${flat[active].type}`} aria-label={t("palette.search")}
            placeholder={t("palette.search")} onChange={(event) => setSearch(event.target.value)} onKeyDown={onKeyDown}
          />
        </label>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
      </header>
      <div className="fs-palette-list" id="fs-palette-list" role="listbox" aria-label={t("palette.title")} ref={list}>
        {groups.map((group) => (
          <div key={group.label} role="group" aria-label={group.label}>
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
        {!flat.length && <p className="fs-quiet">{t("palette.none", { search: deferred })}</p>}
      </div>
    </section>
  );
}
