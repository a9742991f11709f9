// Items as a table. Arrow keys walk through the cells, Enter opens one.
import { useContext, useMemo, useState } from "react";
import { FileText } from "lucide-react";
import { t } from "../texts/texts.js";
import { columnsOf } from "./shapes.js";
import { Files } from "./files.jsx";
import { Marked, ValueContext, brief, useCarried, valueLook } from "./values.jsx";

const COLUMNS = 60;
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** `items` are {json, binary?, index}; `linked` holds the indexes of rows to point out. */
export function Table({ items, name, linked, onPoint, fileAddress }) {
  const { open, search } = useContext(ValueContext);
  const carried = useCarried();
  const [active, setActive] = useState([0, 0]);
  const all = useMemo(() => columnsOf(items.map((item) => item.json)), [items]);
  const columns = all.slice(0, COLUMNS);
  const files = items.some((item) => item.binary);
  const walk = (event) => {
    const step = STEPS[event.key];
    const cell = event.target.closest("td, th");
    if (!cell) return;
    const [row, column] = [cell.parentNode.rowIndex, cell.cellIndex];
    if ((event.key === "Enter" || event.key === " ") && event.target === cell && cell.tagName === "TD") {
      event.preventDefault();
      cell.click();
    }
    if (!step) return;
    const next = event.currentTarget.rows[row + step[0]]?.cells[column + step[1]];
    if (!next || next.cellIndex === 0) return;
    event.preventDefault();
    setActive([next.parentNode.rowIndex, next.cellIndex]);
    next.focus();
  };
  const reach = (row, column) => (active[0] === row && active[1] === column ? 0 : -1);
  const anyActive = active[1] >= 1 && active[1] <= columns.length && active[0] <= items.length;
  return (
    <div className="fs-table-scroll">
      <table className="fs-items" aria-label={name} onKeyDown={walk}>
        <thead>
          <tr>
            <th scope="col" className="fs-row-number">#</th>
            {columns.map((column, at) => (
              <th
                key={column} scope="col" {...carried([column])} title={column} className={typeof items[0].json?.[column] === "number" ? "fs-value-number" : undefined}
                tabIndex={anyActive ? reach(0, at + 1) : at === 0 ? 0 : -1} onFocus={() => setActive([0, at + 1])}
              ><Marked text={column} /></th>
            ))}
            {files && <th scope="col"><FileText size={13} aria-hidden="true" /> {t("panel.files")}</th>}
          </tr>
        </thead>
        <tbody>
          {items.map((item, row) => (
            <tr key={item.index} data-index={item.index} className={linked?.has(item.index) ? "is-linked" : undefined} onMouseEnter={() => onPoint?.(item)} onMouseLeave={() => onPoint?.(null)}>
              <th scope="row" className="fs-row-number">{item.index + 1}</th>
              {columns.map((column, at) => {
                const value = item.json?.[column];
                return (
                  <td
                    key={column} className={valueLook(value)} {...carried([column])} tabIndex={reach(row + 1, at + 1)}
                    onFocus={() => setActive([row + 1, at + 1])} onClick={(event) => open(event.currentTarget, [column], value)}
                  >{search ? <Marked text={brief(value)} /> : brief(value)}</td>
                );
              })}
              {files && <td className="fs-files-cell"><Files item={item} fileAddress={fileAddress} /></td>}
            </tr>
          ))}
        </tbody>
      </table>
      {all.length > COLUMNS && <p className="fs-quiet">{t("panel.more_columns", { count: all.length - COLUMNS })}</p>}
    </div>
  );
}
