// The tab's title while something runs: how far it is, then how it ended until somebody looks.
import { useEffect } from "react";
import { formatNumber, t } from "../texts/texts.js";
import { FINAL, useRun } from "./runs.js";

const DECIDED = new Set(["success", "error", "skipped", "cancelled"]);
const PACE = 1000; // ms: a new title costs a browser more than a card
const decided = (states) => Object.values(states).filter((state) => DECIDED.has(state.status)).length;

export function useRunTitle(runs, store) {
  const id = useRun(runs, (run) => run.execution?.id);
  const status = useRun(runs, (run) => run.execution?.status);
  useEffect(() => {
    if (status !== "running" && status !== "queued" && status !== "waiting") return undefined;
    const before = document.title;
    return () => { document.title = before; };
  }, [id, status]);
  useEffect(() => {
    if (!status || FINAL.has(status)) return undefined;
    const tell = () => {
      const name = store.snapshot.meta.name ?? "";
      document.title = t("log.tab_running", { status: t(`status.${status}`), done: formatNumber(decided(runs.states)), total: formatNumber(store.nodes.length), name });
    };
    tell();
    const timer = setInterval(tell, PACE);
    return () => clearInterval(timer);
  }, [id, status, runs, store]);
  useEffect(() => {
    if (!FINAL.has(status) || document.visibilityState === "visible") return undefined;
    const before = document.title;
    document.title = t("log.tab_ended", { status: t(`status.${status}`), name: store.snapshot.meta.name ?? "" });
    const look = () => { document.title = before; };
    document.addEventListener("visibilitychange", look, { once: true });
    return () => {
      document.removeEventListener("visibilitychange", look);
      look();
    };
  }, [id, status, store]);
}
