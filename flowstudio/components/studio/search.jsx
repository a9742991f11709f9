// Find in the workflow: names, types and parameter values; jumps from one hit to the next.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ChevronDown, ChevronUp, Search, X } from "lucide-react";
import { t } from "../texts/texts.js";
import { searchNodes } from "./searching.js";

const SHOWN = 200;

export function SearchBar({ store, actions, catalogue, signals, onClose }) {
  const nodes = useSyncExternalStore(store.subscribe, () => store.snapshot.nodes);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const hits = useMemo(() => searchNodes(nodes, typed, {
    labelOf: (node) => store.label(node), typeOf: (node) => catalogue.type(node.data.type).label,
  }), [nodes, typed, store, catalogue]);
  const current = hits.length ? hits[Math.min(at, hits.length - 1)] : null;
  const id = current?.id;

  useEffect(() => setAt(0), [typed]);
  useEffect(() => {
    signals.found.set(id ?? null);
    if (id) actions.reveal(id);
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [id, signals, actions]);
  useEffect(() => () => signals.found.set(null), [signals]);

  const step = (by) => hits.length && setAt((Math.min(at, hits.length - 1) + by + hits.length) % hits.length);
  const close = () => {
    onClose();
    if (id) actions.go(id);
  };
  const onKeyDown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1 }[event.key];
    if (event.key === "Escape") close();
    else if (by) step(by);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <search className="fs-find" aria-label={t("canvas.find")}>
      <div className="fs-find-bar" onKeyDown={onKeyDown}>
        <label className="fs-search">
          <Search size={16} aria-hidden="true" />
          <input
            autoFocus type="text" role="combobox" aria-expanded={hits.length > 0} aria-controls="fs-find-list" aria-autocomplete="list" aria-label={t("canvas.find")} placeholder={t("canvas.find_hint")} spellCheck="false"
            aria-activedescendant={id && `fs-find-${id}`} value={typed} onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <span className="fs-quiet" role="status">{typed.trim() && (hits.length ? t("canvas.find_count", { at: Math.min(at, hits.length - 1) + 1, count: hits.length }) : t("canvas.find_none"))}</span>
        <button type="button" className="fs-tool" aria-label={t("canvas.find_previous")} title={t("canvas.find_previous")} disabled={!hits.length} onClick={() => step(-1)}><ChevronUp size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("canvas.find_next")} title={t("canvas.find_next")} disabled={!hits.length} onClick={() => step(1)}><ChevronDown size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={close}><X size={16} aria-hidden="true" /></button>
      </div>
      <div className="fs-find-list" id="fs-find-list" role="listbox" aria-label={t("canvas.find_hits")} ref={list}>
        {hits.slice(0, SHOWN).map((hit, index) => (
          <div key={hit.id} id={`fs-find-${hit.id}`} role="option" aria-selected={hit === current} className="fs-find-hit" onClick={() => setAt(index)}>
            <strong>{hit.label}</strong>
            <small>{hit.where === "name" || hit.where === "type" ? hit.text : t("canvas.find_where", { place: hit.where, text: hit.text })}</small>
          </div>
        ))}
      </div>
    </search>
  );
}
