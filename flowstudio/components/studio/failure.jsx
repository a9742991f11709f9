// A failed run, said at once: what is wrong, what to do, and the way to the step.
import { useState } from "react";
import { ArrowUpRight, CircleAlert, RotateCw, X } from "lucide-react";
import { t } from "../texts/texts.js";
import { remedyOf, technical } from "./remedies.js";
import { inWords } from "./result.jsx";
import { useRun } from "./runs.js";

/** What went wrong, without the words of programming languages. */
function plain({ code, message }) {
  const [, where, what] = (code === "expression" && /^(.*?: )((?:TypeError|ReferenceError|Invalid syntax): .*)$/s.exec(message)) || [null, "", message];
  return where + inWords(what);
}

/** The message, what to do about it, and the technical side folded away. */
export function Explained({ error }) {
  const remedy = remedyOf(error);
  const detail = technical(error);
  return (
    <div className="fs-explained">
      <p>{plain(error)}{error.item != null && <span className="fs-quiet"> ({t("panel.failed_item", { number: error.item + 1 })})</span>}</p>
      {remedy && <p className="fs-explained-remedy">{t(`failure.${remedy}`)}{error.detail?.execution && <> <a className="fs-link" href={`/executions/${encodeURIComponent(error.detail.execution)}`}>{t("log.open_execution")}</a></>}</p>}
      {detail && <details><summary>{t("failure.detail")}</summary><pre className="fs-json">{detail}</pre></details>}
    </div>
  );
}

/** Stands above the canvas after a failed run until it is closed or something else runs. The step itself, once opened, says the same. */
export function FailureBanner({ store, runs, opened, mayRun, onOpen, onRetry }) {
  const execution = useRun(runs, (run) => run.execution);
  const [closed, setClosed] = useState(null);
  if (execution?.status !== "error" || closed === execution.id) return null;
  const error = execution.error ?? { message: t("failure.unknown") };
  const node = error.node && store.node(error.node);
  if (node && opened === error.node) return null;
  return (
    <section className="fs-banner" role="alert" aria-label={t("failure.title")}>
      <CircleAlert size={18} aria-hidden="true" />
      <div className="fs-banner-text">
        <strong>{node ? t("failure.at", { label: store.label(node) }) : t("failure.title")}</strong>
        <Explained error={error} />
      </div>
      <div className="fs-banner-actions">
        {node && <button type="button" className="fs-button fs-button-small" onClick={() => onOpen(error.node, { field: error.detail?.parameter })}><ArrowUpRight size={14} aria-hidden="true" /> {t("failure.open")}</button>}
        {mayRun && onRetry && !execution.data_dropped && <button type="button" className="fs-button fs-button-small" title={t("failure.retry_hint")} onClick={() => onRetry(node ? error.node : undefined)}><RotateCw size={13} aria-hidden="true" /> {t("failure.retry")}</button>}
        <button type="button" className="fs-tool" aria-label={t("app.close")} title={t("app.close")} onClick={() => setClosed(execution.id)}><X size={16} aria-hidden="true" /></button>
      </div>
    </section>
  );
}
