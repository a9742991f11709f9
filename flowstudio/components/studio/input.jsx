// The input pane: what came into a step, or what any earlier step gave.
import { useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Play, SquarePen } from "lucide-react";
import { t } from "../texts/texts.js";
import { DataView } from "./data.jsx";
import { PAGE, START, nodePath, runQuery, useNodeData } from "./nodedata.js";
import { baseOf } from "./paths.js";
import { allRows } from "./pins.js";
import { RunSelect } from "./output.jsx";
import { pageOf } from "./rows.js";
import { useNodeState } from "./runs.js";
import { earlier, feeder, isOwnInput } from "./sources.js";
import { StudioContext } from "./step.jsx";

const OWN = "";

/** `run` is the chosen run of the step itself; `linked` are input places by port; `focus` is a row to show. */
export function InputPane({ head, node, run, linked, focus, onEditSource }) {
  const { store, runs, portsOf, start, mayEdit, mayRun } = useContext(StudioContext);
  const { edges } = useSyncExternalStore(store.subscribe, () => store.snapshot);
  const { inputs } = portsOf(node.id);
  const own = useNodeState(runs, node.id);
  const sources = useMemo(() => earlier(edges, node.id, inputs).filter(({ id }) => store.node(id)), [edges, node.id, inputs, store]);
  const [chosen, setChosen] = useState(null);
  const [query, setQuery] = useState(START);
  const [port, setPort] = useState(null);
  const ran = own && (own.status === "success" || own.status === "error");
  const ids = [...(ran ? [OWN] : []), ...sources.map(({ id }) => id)];
  const picked = ids.includes(chosen) ? chosen : ids[0];
  const source = sources.find(({ id }) => id === picked);
  const from = source && store.node(source.id);
  const ask = (changes) => setQuery((before) => ({ ...before, ...changes }));
  const side = picked === OWN ? "inputs" : "outputs";
  const asked = picked === OWN ? { ...query, run } : query;
  useEffect(() => {
    if (!focus) return;
    setChosen(OWN);
    setPort(null);
    setQuery({ ...START, offset: Math.floor(focus.index / PAGE) * PAGE });
  }, [focus]);
  const { execution, state, data, error, loading } = useNodeData(runs, picked === OWN ? node.id : picked, asked);
  const pinned = from?.data.pinned && !runs.execution?.earlier ? from.data.pinned : null;
  const pinPort = from && (portsOf(from.id).outputs[0]?.id ?? "main");
  const ports = pinned ? { [pinPort]: pageOf(pinned, { ...query, limit: PAGE }) } : data?.[side];
  const named = picked === OWN ? inputs : from ? portsOf(from.id).outputs : [];
  const labels = Object.fromEntries(named.map((each) => [each.id, each.label]));
  const label = (id) => store.label(store.node(id));

  const base = (shown) => {
    if (picked === OWN) {
      if (shown === (inputs[0]?.id ?? shown)) return baseOf();
      const feeds = feeder(edges, node.id, inputs, shown);
      return feeds ? baseOf(label(feeds)) : null;
    }
    return isOwnInput(edges, node.id, inputs, picked, shown) ? baseOf() : baseOf(label(picked));
  };
  const fileAddress = execution && !pinned && ((item, name, shown) =>
    `/api${nodePath(execution, picked === OWN ? node.id : picked)}/files/${item.index}?${new URLSearchParams({ name, side, port: shown, ...runQuery(asked.run) })}`);

  if (!ids.length) return <>{head()}<div className="fs-pane-body"><p className="fs-quiet fs-pane-empty">{t("panel.no_source")}</p></div></>;
  return (
    <>
      {head()}
      <div className="fs-pane-body">
      <div className="fs-pane-bar">
        <select className="fs-input fs-input-small" aria-label={t("panel.source")} value={picked} onChange={(event) => { setChosen(event.target.value); setQuery(START); setPort(null); }}>
          {ran && <option value={OWN}>{t("panel.came_in")}</option>}
          {sources.map(({ id, distance }) => <option key={id} value={id}>{distance === 1 ? label(id) : t("panel.steps_before", { label: label(id), count: distance })}</option>)}
        </select>
        {picked !== OWN && data && <RunSelect runs={data.runs} value={query.run} onChange={(next) => ask({ run: next, offset: 0 })} />}
      </div>
      {error && <p className="fs-quiet" role="alert">{error}</p>}
      {ports && (Object.keys(ports).length || state || pinned)
        ? (
          <DataView
            key={picked} side="input" name={t("panel.input")} fileName={picked === OWN ? `${label(node.id)} input` : label(picked)} ports={ports} labels={labels} query={asked} ask={ask}
            port={port ?? source?.port} onPort={setPort} baseOf={base} linked={picked === OWN ? linked : null} focus={picked === OWN ? focus : null} mayUse={mayEdit} fileAddress={fileAddress}
            load={(shown) => (pinned ? pinned : allRows(execution, picked === OWN ? node.id : picked, { side, port: shown, run: asked.run }).then(({ rows }) => rows))}
          />
        )
        : loading ? <p className="fs-quiet fs-pane-empty" role="status">{t("app.loading")}</p>
          : state?.status === "running" ? <p className="fs-quiet fs-pane-empty" role="status">{t("panel.running_before", { label: label(picked || node.id) })}</p>
            : (
              <div className="fs-pane-empty">
                <p>{t(state?.status === "skipped" ? "panel.source_skipped" : "panel.source_unrun")}</p>
                {mayRun && start && from && <button type="button" className="fs-button fs-button-small" onClick={() => start({ until: picked })}><Play size={13} aria-hidden="true" /> {t("panel.run_before")}</button>}
                {mayEdit && from && <button type="button" className="fs-button fs-button-small" onClick={() => onEditSource(picked)}><SquarePen size={13} aria-hidden="true" /> {t("panel.write_test_data")}</button>}
              </div>
            )}
      </div>
    </>
  );
}
