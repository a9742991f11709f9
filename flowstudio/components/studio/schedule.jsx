// When a schedule runs next, in words and moments, while it is being set.
import { useEffect, useState } from "react";
import { t } from "../texts/texts.js";
import { post } from "./api.js";
import "./schedule.css";

const PAUSE = 250;

export function SchedulePreview({ properties, timezone }) {
  const [told, setTold] = useState(null);
  const wanted = JSON.stringify({ properties, ...(timezone && { timezone }) });
  useEffect(() => {
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      post("/schedules/preview/", JSON.parse(wanted), { signal: leaving.signal }).then(setTold, () => undefined);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [wanted]);
  if (!told) return null;
  if (told.problem) return <p className="fs-quiet">{told.problem}</p>;
  const moment = (text) => new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium", timeZone: told.timezone }).format(new Date(text));
  return (
    <section className="fs-schedule" aria-label={t("schedule.next")}>
      <h4>{t("schedule.next")}</h4>
      <p>{told.words} <small>({told.timezone})</small></p>
      {told.next.length ? <ol>{told.next.map((text) => <li key={text}><time dateTime={text}>{moment(text)}</time></li>)}</ol> : <p className="fs-quiet">{t("schedule.never")}</p>}
    </section>
  );
}
