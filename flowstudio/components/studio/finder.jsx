// A list that one searches by typing and walks with the arrow keys: for commands, connections and places.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Search } from "lucide-react";
import { t } from "../texts/texts.js";
import { rank } from "./searching.js";

const SHOWN = 60;

/** `entries`: `{key, group, label, detail?, also?, icon, color?, keys?, run}`; those of one group stand together. */
export function Finder({ title, placeholder, entries, onClose, empty }) {
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const dialog = useRef(null);
  const list = useRef(null);
  const base = useId();
  const groups = useMemo(() => {
    const found = new Map();
    for (const entry of rank(entries, typed).slice(0, SHOWN)) found.set(entry.group, [...(found.get(entry.group) ?? []), entry]);
    return [...found];
  }, [entries, typed]);
  const flat = groups.flatMap(([, members]) => members);

  useEffect(() => {
    dialog.current.showModal();
  }, []);
  useEffect(() => setActive(0), [typed]);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const pick = (entry) => {
    dialog.current.close();
    entry.run();
  };
  const onKeyDown = (event) => {
    const last = flat.length - 1;
    const to = { ArrowDown: active === last ? 0 : active + 1, ArrowUp: active === 0 ? last : active - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setActive(to);
    } else if (event.key === "Enter" && flat[active]) {
      event.preventDefault();
      pick(flat[active]);
    }
  };
  return (
    <dialog ref={dialog} className="fs-finder" aria-label={title} onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <label className="fs-finder-field">
        <Search size={18} aria-hidden="true" />
        <input
          autoFocus type="text" role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls={`${base}list`} aria-label={placeholder} placeholder={placeholder} spellCheck="false"
          aria-activedescendant={flat[active] && `${base}${flat[active].key}`} value={typed} onChange={(event) => setTyped(event.target.value)} onKeyDown={onKeyDown}
        />
      </label>
      <div className="fs-finder-list" id={`${base}list`} role="listbox" aria-label={title} ref={list}>
        {groups.map(([group, members]) => (
          <div key={group} role="group" aria-label={group}>
            <div className="fs-palette-group" aria-hidden="true">{group}</div>
            {members.map((entry) => {
              const Icon = entry.icon;
              const index = flat.indexOf(entry);
              return (
                <div
                  key={entry.key} id={`${base}${entry.key}`} role="option" aria-selected={index === active} className="fs-finder-item"
                  style={entry.color && { "--fs-type": entry.color }} onPointerMove={() => setActive(index)} onClick={() => pick(entry)}
                >
                  <Icon size={16} aria-hidden="true" />
                  <span className="fs-finder-label">{entry.label}</span>
                  {entry.detail && <span className="fs-finder-detail">{entry.detail}</span>}
                  {entry.keys && <kbd aria-hidden="true">{entry.keys}</kbd>}
                </div>
              );
            })}
          </div>
        ))}
        {!flat.length && <p className="fs-quiet">{typed ? t("finder.none", { search: typed }) : empty}</p>}
      </div>
    </dialog>
  );
}
