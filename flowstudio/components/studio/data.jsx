// Items of a port: as schema, table and JSON; searched, page by page, copied and saved.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ChevronLeft, ChevronRight, Copy, Download, Search, X } from "lucide-react";
import { count, formatNumber, t } from "../texts/texts.js";
import { Dropdown } from "./dropdown.jsx";
import { Files } from "./files.jsx";
import { PAGE } from "./nodedata.js";
import { toCsv } from "./rows.js";
import { Schema } from "./schema.jsx";
import { Table } from "./table.jsx";
import { Marked, ValueCard, ValueContext, copy } from "./values.jsx";

const VIEWS = ["schema", "table", "json"];
const CLIPPED = 6000; // characters of one item that are shown at once
const TYPING = 250;

function Item({ item, several, linked, onPoint, fileAddress }) {
  const [whole, setWhole] = useState(false);
  const text = useMemo(() => JSON.stringify(item.json, null, 2), [item]);
  const clipped = !whole && text.length > CLIPPED;
  return (
    <li data-index={item.index} className={linked?.has(item.index) ? "is-linked" : undefined} onMouseEnter={() => onPoint?.(item)} onMouseLeave={() => onPoint?.(null)}>
      {several && <span className="fs-row-number" aria-hidden="true">{item.index + 1}</span>}
      <pre className="fs-json"><Marked text={clipped ? text.slice(0, CLIPPED) : text} />{clipped && "…"}</pre>
      <button type="button" className="fs-tool fs-item-copy" aria-label={t("panel.copy_item", { number: item.index + 1 })} title={t("panel.copy_item", { number: item.index + 1 })} onClick={() => copy(text)}><Copy size={13} aria-hidden="true" /></button>
      {clipped && <button type="button" className="fs-link" onClick={() => setWhole(true)}>{t("panel.show_all")}</button>}
      {item.binary && <Files item={item} fileAddress={fileAddress} />}
    </li>
  );
}

const Json = ({ items, name, ...rest }) => (
  <ol className="fs-jsons" aria-label={name}>{items.map((item) => <Item key={item.index} item={item} several={items.length > 1} {...rest} />)}</ol>
);

function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function SearchBox({ search, onSearch, name }) {
  const [text, setText] = useState(search);
  const sent = useRef(onSearch);
  sent.current = onSearch;
  useEffect(() => {
    if (text === search) return undefined;
    const timer = setTimeout(() => sent.current(text), TYPING);
    return () => clearTimeout(timer);
  }, [text]); // eslint-disable-line react-hooks/exhaustive-deps -- only typing starts a search
  useEffect(() => { if (!search) setText(""); }, [search]);
  return (
    <div className="fs-data-search">
      <Search size={14} aria-hidden="true" />
      <input type="search" aria-label={t("panel.search_in", { name })} placeholder={t("panel.search")} maxLength={200} value={text} onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Escape" && text) { event.stopPropagation(); setText(""); onSearch(""); } }} />
      {text && <button type="button" className="fs-tool" aria-label={t("panel.search_clear")} onClick={() => { setText(""); onSearch(""); }}><X size={13} aria-hidden="true" /></button>}
    </div>
  );
}

function useView(side) {
  const key = `fs-view-${side}`;
  const [view, setView] = useState(() => {
    const known = localStorage.getItem(key);
    return VIEWS.includes(known) ? known : "table";
  });
  return [view, (next) => { localStorage.setItem(key, next); setView(next); }];
}

/**
 * `ports` is {id: {items, total, found?}}, `labels` names them in order. `query` is {offset, search}; `ask(changes)` asks for
 * another part. `baseOf(port)` gives the start of expressions; `load(port)` gives all rows; `focus` is {index} to scroll to.
 */
export function DataView({ side, name, fileName, ports, labels, query, ask, port: wanted, onPort, baseOf, load, linked, onPoint, fileAddress, mayUse, focus }) {
  const [view, setView] = useView(side);
  const [card, setCard] = useState(null);
  const box = useRef(null);
  const known = Object.keys(labels).filter((id) => id in ports);
  const ids = [...known, ...Object.keys(ports).filter((id) => !known.includes(id))];
  const port = ids.includes(wanted) ? wanted : ids.find((id) => ports[id].total > 0) ?? ids[0];
  const page = ports[port] ?? { items: [], total: 0 };
  const { offset, search } = query;
  const base = baseOf?.(port) ?? null;
  const items = useMemo(() => page.items.map((item, at) => ({ index: offset + at, ...item })), [page, offset]);
  const open = useCallback((target, path, value) => setCard({ target, path, value }), []);
  const close = useCallback((back) => setCard((before) => { if (back) before?.target.focus(); return null; }), []);
  const context = useMemo(() => ({ base, mayUse, search, open }), [base, mayUse, search, open]);
  const held = search ? page.found ?? 0 : page.total;
  const from = Math.min(offset, Math.max(0, held - 1));
  const to = Math.min(held, from + PAGE);
  const pointedOut = useMemo(() => new Set([...(linked?.get(port) ?? []), ...(focus ? [focus.index] : [])]), [linked, port, focus]);

  useEffect(() => {
    if (focus) box.current?.querySelector(`[data-index="${focus.index}"]`)?.scrollIntoView({ block: "nearest" });
  }, [focus, items]);

  const whole = async (write) => write(await load(port));
  const shared = { items, name, linked: pointedOut, onPoint: onPoint && ((item) => onPoint(item, port)), fileAddress: fileAddress && ((item, file) => fileAddress(item, file, port)) };
  return (
    <ValueContext.Provider value={context}>
      <div className="fs-data" ref={box}>
        {ids.length > 1 && (
          <div className="fs-segments" role="group" aria-label={t("panel.port")}>
            {ids.map((id) => (
              <button type="button" key={id} aria-pressed={id === port} onClick={() => { onPort(id); ask({ offset: 0 }); }}>
                {labels[id] || id} <span className="fs-count">{formatNumber(ports[id].total)}</span>
              </button>
            ))}
          </div>
        )}
        <div className="fs-data-bar">
          <div className="fs-segments" role="group" aria-label={t("panel.view")}>
            {VIEWS.map((each) => <button type="button" key={each} aria-pressed={view === each} onClick={() => setView(each)}>{t(`panel.view_${each}`)}</button>)}
          </div>
          {(page.total > 0 || search) && <SearchBox search={search} name={name} onSearch={(text) => ask({ search: text, offset: 0 })} />}
          {page.total > 0 && (
            <Dropdown label={t("panel.take")} icon={Download} items={[
              { label: t("panel.copy_json"), onPick: () => whole((rows) => copy(JSON.stringify(rows, null, 2))) },
              { label: t("panel.save_json"), onPick: () => whole((rows) => save(`${fileName}.json`, "application/json", JSON.stringify(rows, null, 2))) },
              { label: t("panel.save_csv"), onPick: () => whole((rows) => save(`${fileName}.csv`, "text/csv", toCsv(rows))) },
            ]} />
          )}
        </div>
        <div className="fs-data-scroll">
          {items.length === 0 ? <p className="fs-quiet fs-data-none">{t(search ? "panel.none_found" : "panel.no_items")}</p>
            : view === "schema" ? <Schema {...shared} /> : view === "json" ? <Json {...shared} /> : <Table {...shared} />}
        </div>
        <footer className="fs-data-foot">
          <span>{search ? t("panel.found", { count: formatNumber(held), total: formatNumber(page.total) }) : count(page.total, "canvas.item", "canvas.items")}</span>
          {held > PAGE && (
            <span className="fs-pager">
              <button type="button" className="fs-tool" aria-label={t("panel.previous")} disabled={from === 0} onClick={() => ask({ offset: Math.max(0, from - PAGE) })}>
                <ChevronLeft size={16} aria-hidden="true" />
              </button>
              <span>{t("panel.range", { from: formatNumber(from + 1), to: formatNumber(to), total: formatNumber(held) })}</span>
              <button type="button" className="fs-tool" aria-label={t("panel.next")} disabled={to >= held} onClick={() => ask({ offset: from + PAGE })}>
                <ChevronRight size={16} aria-hidden="true" />
              </button>
            </span>
          )}
        </footer>
        {card && <ValueCard card={card} base={base} mayUse={mayUse} onClose={close} />}
      </div>
    </ValueContext.Provider>
  );
}
