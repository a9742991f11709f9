// Which processes share the work, how much they do, and what waits for them.
import { useEffect, useState } from "react";
import { toast } from "sonner";
import { Confirm } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call } from "../studio/api.js";
import { formatNumber, t } from "../texts/texts.js";

const EVERY = 5000;

export function Workers() {
  const [found, failure, reload] = useAnswer("/processes");
  const [doomed, setDoomed] = useState(null);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), EVERY);
    return () => clearInterval(timer);
  }, [reload]);
  if (!found) return <Pending failure={failure} reload={reload} />;
  if (found.mode === "embedded") {
    return (
      <section className="fs-card fs-panel-card" aria-labelledby="workers">
        <h2 id="workers">{t("settings.workers")}</h2>
        <p className="fs-quiet">{t("workers.alone")}</p>
      </section>
    );
  }
  const drain = async () => {
    await call("POST", `/processes/${doomed.id}/drain`);
    setDoomed(null);
    reload();
    toast.success(t("workers.drained"));
  };
  return (
    <section aria-labelledby="workers" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head"><div><h2 id="workers">{t("settings.workers")}</h2><p className="fs-quiet">{t("workers.text")}</p></div></div>
      {!found.processes.some((process) => process.kind === "worker") && <p className="fs-card fs-empty" role="alert">{t("workers.none")}</p>}
      <div className="fs-card">
        <div className="fs-card-scroll">
          <table className="fs-table" aria-label={t("workers.title")}>
            <thead>
              <tr>
                <th scope="col">{t("workers.process")}</th><th scope="col">{t("workers.version")}</th><th scope="col">{t("workers.takes")}</th><th scope="col" className="fs-number">{t("workers.load")}</th>
                <th scope="col" className="fs-number">{t("workers.held")}</th><th scope="col">{t("workers.since")}</th><th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th>
              </tr>
            </thead>
            <tbody>{found.processes.map((process) => <Row key={process.id} process={process} onDrain={() => setDoomed(process)} />)}</tbody>
          </table>
        </div>
      </div>
      <div className="fs-card">
        <div className="fs-card-scroll">
          <table className="fs-table" aria-label={t("workers.queues")}>
            <thead><tr><th scope="col">{t("workers.queues")}</th><th scope="col" className="fs-number">{t("workers.waiting")}</th><th scope="col">{t("workers.oldest")}</th></tr></thead>
            <tbody>
              {found.queues.map((queue) => (
                <tr key={queue.queue}>
                  <td>{t(`workers.queue_${queue.queue}`)}</td><td className="fs-number">{formatNumber(queue.waiting)}</td><td>{queue.oldest ? <Ago at={queue.oldest} /> : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
      {doomed && <Confirm heading={t("workers.drain_title", { name: nameOf(doomed) })} text={t("workers.drain_text")} confirm={t("workers.drain")} onConfirm={drain} onClose={() => setDoomed(null)} />}
    </section>
  );
}

const nameOf = (process) => `${process.host} · ${process.pid}`;

function Row({ process, onDrain }) {
  const worker = process.kind === "worker";
  return (
    <tr>
      <td><span className="fs-title">{t(`workers.kind_${process.kind}`)}</span><small>{nameOf(process)}</small></td>
      <td>{process.version}</td>
      <td>{worker ? process.queues.map((queue) => t(`workers.takes_${queue}`)).join(", ") : "–"}</td>
      <td className="fs-number fs-nowrap">{worker ? t("workers.of", { running: formatNumber(process.running), capacity: formatNumber(process.capacity) }) : "–"}</td>
      <td className="fs-number">{worker ? formatNumber(process.leases) : "–"}</td>
      <td className="fs-nowrap"><small><Ago at={process.started_at} /></small></td>
      <td>
        {worker && (process.draining
          ? <span className="fs-tag">{t("workers.draining")}</span>
          : <button type="button" className="fs-button fs-button-small" aria-label={t("workers.drain_it", { name: nameOf(process) })} onClick={onDrain}>{t("workers.drain")}</button>)}
      </td>
    </tr>
  );
}
