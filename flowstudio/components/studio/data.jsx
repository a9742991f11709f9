// Items of a port, as a table and as JSON, page by page.
import { useMemo, useState } from "react";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { count, formatNumber, t } from "../texts/texts.js";

export const PAGE = 50;
const CELL = 160; // characters of a value that a cell shows
const COLUMNS = 40;

const shown = (value) => {
  if (value === null) return "null";
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > CELL ? `${text.slice(0, CELL)}…` : text;
};

const kindOf = (value) => (value === null || value === undefined ? "null" : Array.isArray(value) ? "object" : typeof value);

/** An item as one flat row: its data, then its files. */
function rowOf(item) {
  const files = Object.entries(item.binary ?? {}).map(([name, file]) => [`📎 ${name}`, `${file.file_name} · ${file.mime_type} · ${formatNumber(file.size)} B`]);
  return { ...item.json, ...Object.fromEntries(files) };
}

function Table({ items, offset }) {
  const columns = useMemo(() => [...new Set(items.flatMap((item) => Object.keys(item ?? {})))].slice(0, COLUMNS), [items]);
  if (!columns.length) return <Json items={items} />;
  return (
    <div className="fs-table-scroll" tabIndex={0}>
      <table className="fs-items">
        <thead><tr><th scope="col" className="fs-row-number">#</th>{columns.map((column) => <th key={column} scope="col">{column}</th>)}</tr></thead>
        <tbody>
          {items.map((item, index) => (
            <tr key={index}>
              <th scope="row" className="fs-row-number">{offset + index + 1}</th>
              {columns.map((column) => <td key={column} className={`fs-value-${kindOf(item?.[column])}`} title={shown(item?.[column])}>{shown(item?.[column])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Json({ items }) {
  return <pre className="fs-json" tabIndex={0}>{JSON.stringify(items, null, 2)}</pre>;
}

/** `ports` is {id: {items, total}}; `labels` names them; `onPage(port, offset)` asks for another page. */
export function DataView({ ports, labels, offset, onPage, empty }) {
  const known = Object.keys(labels).filter((id) => ports && id in ports);
  const ids = [...known, ...Object.keys(ports ?? {}).filter((id) => !known.includes(id))];
  const [chosen, setChosen] = useState(null);
  const [view, setView] = useState("table");
  const filled = ids.find((id) => ports[id].total > 0) ?? ids[0];
  const port = ids.includes(chosen) ? chosen : filled;
  const page = ports?.[port];
  const rows = useMemo(() => page?.items.map(rowOf) ?? [], [page]);
  if (!page) return <p className="fs-quiet">{empty}</p>;
  const { total } = page;
  const from = Math.min(offset, Math.max(0, total - 1));
  return (
    <div className="fs-data">
      <div className="fs-data-bar">
        {ids.length > 1 && (
          <div className="fs-segments" role="group" aria-label={t("panel.port")}>
            {ids.map((id) => (
              <button type="button" key={id} aria-pressed={id === port} onClick={() => { setChosen(id); onPage(id, 0); }}>
                {labels[id] || id} <span className="fs-count">{formatNumber(ports[id].total)}</span>
              </button>
            ))}
          </div>
        )}
        {ids.length === 1 && <span className="fs-quiet">{count(total, "canvas.item", "canvas.items")}</span>}
        <span className="fs-gap" />
        <div className="fs-segments" role="group">
          {["table", "json"].map((name) => (
            <button type="button" key={name} aria-pressed={view === name} onClick={() => setView(name)}>{t(`panel.view_${name}`)}</button>
          ))}
        </div>
      </div>
      {total === 0 ? <p className="fs-quiet">{t("panel.no_items")}</p>
        : view === "table" ? <Table items={rows} offset={from} /> : <Json items={rows} />}
      {total > PAGE && (
        <div className="fs-pager">
          <button type="button" className="fs-tool" aria-label={t("panel.previous")} disabled={from === 0} onClick={() => onPage(port, Math.max(0, from - PAGE))}>
            <ChevronLeft size={16} aria-hidden="true" />
          </button>
          <span>{t("panel.range", { from: formatNumber(from + 1), to: formatNumber(Math.min(total, from + PAGE)), total: formatNumber(total) })}</span>
          <button type="button" className="fs-tool" aria-label={t("panel.next")} disabled={from + PAGE >= total} onClick={() => onPage(port, from + PAGE)}>
            <ChevronRight size={16} aria-hidden="true" />
          </button>
        </div>
      )}
    </div>
  );
}
