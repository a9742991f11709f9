// What runs come to: numbers, a chart for each question, and the workflows one by one.
import { useEffect, useId, useMemo, useState } from "react";
import { ChartColumn } from "lucide-react";
import { ApiError, get } from "../studio/api.js";
import { formatCost } from "../studio/usage.js";
import { formatDuration, formatNumber, t } from "../texts/texts.js";
import { area, columns, labels, line, nice } from "./charts.js";
import "./insights.css";

const SPANS = [7, 30, 90];
const EVERY = 15000;
const WIDTH = 560, HEIGHT = 150;
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
const dayName = (text) => day.format(new Date(`${text}T00:00:00Z`));

/** The totals, looked at again while the page is seen. */
function useInsights(days, workflow) {
  const [state, setState] = useState({ told: null, failure: null });
  useEffect(() => {
    const gone = new AbortController();
    const query = new URLSearchParams({ days: String(days), ...(workflow && { workflow }) });
    const look = () => get(`/insights/?${query}`, { signal: gone.signal }).then(
      (told) => setState({ told, failure: null }),
      (error) => error instanceof ApiError && setState((before) => ({ ...before, failure: error.message })),
    );
    look();
    const timer = setInterval(() => document.visibilityState === "visible" && look(), EVERY);
    return () => { gone.abort(); clearInterval(timer); };
  }, [days, workflow]);
  return state;
}

/** A chart with a title, what its colours mean, and the same numbers as a table for those who cannot see it. */
function Chart({ title, days, series, format, kind }) {
  const id = useId();
  const [at, setAt] = useState(null);
  const top = nice(Math.max(...days.map((entry) => (kind === "columns" ? series.reduce((sum, { value }) => sum + (value(entry) ?? 0), 0) : Math.max(...series.map(({ value }) => value(entry) ?? 0))))));
  const shown = at === null ? null : days[at];
  const follow = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(Math.max(0, Math.min(days.length - 1, Math.floor(((event.clientX - box.left) / box.width) * days.length))));
  };
  return (
    <figure className="fs-card fs-chart" aria-labelledby={id}>
      <figcaption>
        <h2 id={id}>{title}</h2>
        <ul className="fs-chart-key">
          {series.map(({ name, look, value }) => <li key={name}><i className={`fs-mark-${look}`} aria-hidden="true" /> {name}{shown && <strong> {value(shown) == null ? "–" : format(value(shown))}</strong>}</li>)}
          {shown && <li className="fs-chart-day">{dayName(shown.day)}</li>}
        </ul>
      </figcaption>
      <div className="fs-chart-plot">
        <div className="fs-chart-scale" aria-hidden="true"><span>{format(top)}</span><span>{format(top / 2)}</span><span>{format(0)}</span></div>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" onPointerMove={follow} onPointerLeave={() => setAt(null)}>
          {[0, 0.5, 1].map((share) => <line key={share} className="fs-chart-grid" x1="0" x2={WIDTH} y1={share * HEIGHT} y2={share * HEIGHT} vectorEffect="non-scaling-stroke" />)}
          {at !== null && <rect className="fs-chart-here" x={(at * WIDTH) / days.length} width={WIDTH / days.length} y="0" height={HEIGHT} />}
          {kind === "columns"
            ? columns(days, series, top, WIDTH, HEIGHT).map((bar, index) => <rect key={index} className={`fs-fill-${bar.look}`} {...bar.box} />)
            : series.map(({ name, look, value }) => (
              <g key={name}>
                {look !== "second" && <path className={`fs-area-${look}`} d={area(days, value, top, WIDTH, HEIGHT)} />}
                <path className={`fs-line-${look}`} d={line(days, value, top, WIDTH, HEIGHT)} vectorEffect="non-scaling-stroke" />
              </g>
            ))}
        </svg>
        <div className="fs-chart-days" aria-hidden="true">{labels(days).map((text) => <span key={text}>{dayName(text)}</span>)}</div>
      </div>
      <table className="fs-visually-hidden">
        <caption>{title}</caption>
        <thead><tr><th scope="col">{t("insights.day")}</th>{series.map(({ name }) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>{days.map((entry) => <tr key={entry.day}><th scope="row">{dayName(entry.day)}</th>{series.map(({ name, value }) => <td key={name}>{value(entry) == null ? "–" : format(value(entry))}</td>)}</tr>)}</tbody>
      </table>
    </figure>
  );
}

const rate = (totals) => (totals.runs ? `${((totals.failures / totals.runs) * 100).toFixed(totals.failures && totals.failures * 20 < totals.runs ? 1 : 0)} %` : "–");
const duration = (milliseconds) => (milliseconds == null ? "–" : formatDuration(milliseconds));

function Numbers({ total }) {
  const facts = [
    ["runs", formatNumber(total.runs)],
    ["failed", formatNumber(total.failures), rate(total), total.failures > 0],
    ["p50", duration(total.p50)],
    ["p95", duration(total.p95)],
    ["tokens", formatNumber(total.input_tokens + total.output_tokens)],
    ["cost", formatCost(total.cost)],
  ];
  return (
    <dl className="fs-card fs-figures">
      {facts.map(([key, value, more, bad]) => <div key={key}><dt>{t(`insights.${key}`)}</dt><dd className={bad ? "fs-text-error" : undefined}>{value} {more && <small>{more}</small>}</dd></div>)}
    </dl>
  );
}

function Workflows({ rows, onPick }) {
  return (
    <div className="fs-card">
      <div className="fs-card-scroll" tabIndex={0} role="region" aria-label={t("insights.workflows")}>
        <table className="fs-table fs-insight-table">
          <thead><tr>{["workflow", "runs", "failed", "p50", "p95", "tokens", "cost"].map((key) => <th key={key} scope="col">{t(`insights.${key}`)}</th>)}</tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.workflow_id ?? ""}>
                <th scope="row">{row.name ? <button type="button" className="fs-link" onClick={() => onPick({ id: row.workflow_id, name: row.name })}>{row.name}</button> : <span className="fs-quiet">{t(row.workflow_id ? "insights.gone" : "insights.unstored")}</span>}</th>
                <td>{row.workflow_id ? <a className="fs-link" href={`/executions?workflow=${encodeURIComponent(row.workflow_id)}`} aria-label={t("insights.open_runs", { name: row.name ?? t("insights.gone"), count: formatNumber(row.runs) })}>{formatNumber(row.runs)}</a> : formatNumber(row.runs)}</td>
                <td className={row.failures ? "fs-text-error" : undefined}>{formatNumber(row.failures)}{row.failures > 0 && <small> {rate(row)}</small>}</td>
                <td>{duration(row.p50)}</td>
                <td>{duration(row.p95)}</td>
                <td>{formatNumber(row.input_tokens + row.output_tokens)}</td>
                <td>{formatCost(row.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

export function InsightBoard() {
  const [days, setDays] = useState(30);
  const [workflow, setWorkflow] = useState(null); // {id, name}
  const { told, failure } = useInsights(days, workflow?.id);
  const charts = useMemo(() => [
    { title: t("insights.chart_runs"), kind: "columns", format: formatNumber, series: [
      { name: t("insights.good"), look: "good", value: (entry) => entry.runs - entry.failures },
      { name: t("insights.failed"), look: "bad", value: (entry) => entry.failures },
    ] },
    { title: t("insights.chart_time"), kind: "lines", format: formatDuration, series: [
      { name: t("insights.p95"), look: "second", value: (entry) => entry.p95 },
      { name: t("insights.p50"), look: "first", value: (entry) => entry.p50 },
    ] },
    { title: t("insights.chart_tokens"), kind: "columns", format: formatNumber, series: [
      { name: t("insights.read"), look: "first", value: (entry) => entry.input_tokens },
      { name: t("insights.written"), look: "second", value: (entry) => entry.output_tokens },
    ] },
    { title: t("insights.chart_cost"), kind: "columns", format: formatCost, series: [{ name: t("insights.cost"), look: "first", value: (entry) => entry.cost }] },
  ], []);
  if (failure && !told) return <p className="fs-card fs-empty" role="alert">{failure}</p>;
  if (!told) return <div className="fs-card fs-skeleton" aria-busy="true" />;
  return (
    <div className="fs-insights">
      <div className="fs-toolbar">
        <div className="fs-chips" role="group" aria-label={t("insights.span")}>
          {SPANS.map((span) => <button key={span} type="button" className="fs-chip" aria-pressed={days === span} onClick={() => setDays(span)}>{t("insights.days", { count: span })}</button>)}
        </div>
        {workflow && <button type="button" className="fs-chip" aria-pressed="true" onClick={() => setWorkflow(null)}>{t("insights.only", { name: workflow.name })} ×</button>}
      </div>
      {told.total.runs === 0 && told.total.input_tokens === 0 ? (
        <div className="fs-card fs-empty"><ChartColumn size={28} aria-hidden="true" /><h2>{t("insights.empty")}</h2><p>{t("insights.empty_text")}</p></div>
      ) : (
        <>
          <Numbers total={told.total} />
          <div className="fs-charts">{charts.map((chart) => <Chart key={chart.title} days={told.days} {...chart} />)}</div>
          <Workflows rows={told.workflows} onPick={setWorkflow} />
          <p className="fs-quiet">{t("insights.utc")}</p>
        </>
      )}
    </div>
  );
}
