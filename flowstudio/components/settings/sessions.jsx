// Where an account is signed in, and the way to end that.
import { toast } from "sonner";
import { Dialog } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call } from "../studio/api.js";
import { t } from "../texts/texts.js";

/** `Firefox on Linux`, as far as what the browser says about itself can be read. */
export function browserOf(agent) {
  const find = (names) => names.find(([mark]) => agent.includes(mark))?.[1];
  const browser = find([["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]);
  const system = find([["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["Linux", "Linux"]]);
  if (browser && system) return t("sessions.on", { browser, system });
  return browser ?? system ?? t("sessions.unknown");
}

function List({ path }) {
  const [found, failure, reload] = useAnswer(path);
  if (!found) return <Pending failure={failure} reload={reload} />;
  const end = async (session) => {
    try {
      await call("DELETE", `/sessions/${encodeURIComponent(session.id)}`);
      toast.success(t("sessions.ended"));
    } catch (error) {
      toast.error(error.message);
    }
    reload();
  };
  if (!found.items.length) return <p className="fs-quiet">{t("sessions.none")}</p>;
  return (
    <ul className="fs-sessions">
      {found.items.map((session) => (
        <li key={session.id}>
          <span><strong>{browserOf(session.agent)}</strong>{session.current && <> <span className="fs-tag">{t("sessions.this")}</span></>}<small>{session.client} · {t("sessions.since")} <Ago at={session.created_at} /></small></span>
          {!session.current && <button type="button" className="fs-button fs-button-small" onClick={() => end(session)}>{t("sessions.end")}</button>}
        </li>
      ))}
    </ul>
  );
}

export function OwnSessions() {
  return (
    <section className="fs-card fs-panel-card" aria-labelledby="sessions">
      <h2 id="sessions">{t("sessions.title")}</h2>
      <p className="fs-quiet">{t("sessions.text")}</p>
      <List path="/sessions" />
    </section>
  );
}

export function SessionsOf({ person, onClose }) {
  return (
    <Dialog heading={t("sessions.of", { name: person.name })} closable onClose={onClose}>
      <List path={`/users/${encodeURIComponent(person.id)}/sessions`} />
    </Dialog>
  );
}
