// Says that the server is out of reach, and takes it back when it answers again.
import { useContext, useEffect, useState } from "react";
import { WifiOff } from "lucide-react";
import { EventLoopContext } from "$/utils/context-registry";
import { t } from "../texts/texts.js";
import { LOST } from "./lost.js";
import "./shell.css";

const PATIENCE = 1200; // milliseconds: shorter gaps are nobody's business
const PAUSE = 1500;

/** Whether calls of the HTTP API fail: told by whoever called in vain, then asked until there is an answer. */
function useApiLost() {
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const report = () => setLost(true);
    addEventListener(LOST, report);
    addEventListener("offline", report);
    return () => {
      removeEventListener(LOST, report);
      removeEventListener("offline", report);
    };
  }, []);
  useEffect(() => {
    if (!lost) return undefined;
    let timer;
    let gone = false;
    const ask = async () => {
      const answers = await fetch("/api/health", { cache: "no-store" }).then((answer) => answer.ok, () => false);
      if (gone) return;
      if (answers) setLost(false);
      else timer = setTimeout(ask, PAUSE);
    };
    timer = setTimeout(ask, PAUSE);
    addEventListener("online", ask);
    return () => {
      gone = true;
      clearTimeout(timer);
      removeEventListener("online", ask);
    };
  }, [lost]);
  return lost;
}

export function ConnectionNotice() {
  const socketLost = (useContext(EventLoopContext)?.[1]?.length ?? 0) > 0;
  const apiLost = useApiLost();
  const lost = socketLost || apiLost;
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!lost) return void setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status">
      {shown && <p className="fs-connection"><WifiOff size={16} aria-hidden="true" />{t("app.reconnecting")}</p>}
    </div>
  );
}
