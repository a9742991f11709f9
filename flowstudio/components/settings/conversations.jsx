// What agents remember: conversations to look into and to clear.
import { useEffect, useState } from "react";
import { Eraser } from "lucide-react";
import { toast } from "sonner";
import { Confirm, Dialog } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call, get } from "../studio/api.js";
import { formatNumber, formatTime, t } from "../texts/texts.js";

const path = (session) => `/chats/sessions/${encodeURIComponent(session.id)}`;
const titleOf = (session) => session.title || session.session_id;

export function Conversations({ mayEdit }) {
  const [first, failure, reload] = useAnswer("/chats/sessions");
  const [more, setMore] = useState(null); // {items, next_cursor} behind the first page
  const [read, setRead] = useState(null);
  const [doomed, setDoomed] = useState(null);
  useEffect(() => setMore(null), [first]);
  if (!first) return <Pending failure={failure} reload={reload} />;
  const sessions = [...first.items, ...(more?.items ?? [])];
  const cursor = (more ?? first).next_cursor;
  const next = async () => {
    try {
      const page = await get(`/chats/sessions?cursor=${encodeURIComponent(cursor)}`);
      setMore((before) => ({ items: [...(before?.items ?? []), ...page.items], next_cursor: page.next_cursor }));
    } catch (error) {
      toast.error(error.message);
    }
  };
  const clear = async () => {
    await call("DELETE", path(doomed));
    setDoomed(null);
    reload();
    toast.success(t("conversations.cleared"));
  };
  return (
    <section aria-labelledby="conversations" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head"><div><h2 id="conversations">{t("settings.conversations")}</h2><p className="fs-quiet">{t("conversations.text")}</p></div></div>
      <div className="fs-card">
        {sessions.length === 0 ? <p className="fs-empty">{t("conversations.none")}</p> : (
          <div className="fs-card-scroll">
            <table className="fs-table">
              <thead>
                <tr>
                  <th scope="col">{t("conversations.began")}</th><th scope="col">{t("conversations.workflow")}</th><th scope="col" className="fs-number">{t("conversations.messages")}</th>
                  <th scope="col">{t("settings.last_used")}</th>{mayEdit && <th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th>}
                </tr>
              </thead>
              <tbody>
                {sessions.map((session) => (
                  <tr key={session.id}>
                    <td><button type="button" className="fs-title fs-link" onClick={() => setRead(session)}>{titleOf(session)}</button><small>{session.session_id}</small></td>
                    <td>{session.workflow_name || <small>{t("executions.deleted_workflow")}</small>}</td>
                    <td className="fs-number">{formatNumber(session.messages)}</td>
                    <td className="fs-nowrap"><small><Ago at={session.updated_at} /></small></td>
                    {mayEdit && <td><div className="fs-table-actions"><button type="button" className="fs-tool" aria-label={t("conversations.clear", { title: titleOf(session) })} title={t("conversations.clear", { title: titleOf(session) })} onClick={() => setDoomed(session)}><Eraser size={16} aria-hidden="true" /></button></div></td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {cursor && <button type="button" className="fs-button" style={{ justifySelf: "start" }} onClick={next}>{t("conversations.more")}</button>}
      {read && <Session session={read} onClose={() => setRead(null)} />}
      {doomed && <Confirm heading={t("conversations.clear", { title: titleOf(doomed) })} text={t("conversations.clear_text")} confirm={t("conversations.clear_confirm")} onConfirm={clear} onClose={() => setDoomed(null)} />}
    </section>
  );
}

/** What was said in a conversation; the last part first. */
function Session({ session, onClose }) {
  const [messages, setMessages] = useState(null);
  const [failure, setFailure] = useState("");
  const load = async (before) => {
    try {
      const answer = await get(`${path(session)}${before ? `?before=${before}` : ""}`);
      setMessages((known) => [...answer.messages, ...(known ?? [])]);
    } catch (error) {
      setFailure(error.message);
    }
  };
  useEffect(() => { load(); }, []); // eslint-disable-line react-hooks/exhaustive-deps -- once for each dialog
  return (
    <Dialog heading={titleOf(session)} text={t("conversations.of", { workflow: session.workflow_name, time: formatTime(session.created_at) })} className="fs-session" onClose={onClose}>
      {!messages ? <Pending failure={failure} /> : (
        <>
          {messages[0]?.number > 1 && <button type="button" className="fs-button fs-button-small" onClick={() => load(messages[0].number)}>{t("conversations.earlier")}</button>}
          {messages.length === 0 && <p className="fs-quiet">{t("conversations.nothing")}</p>}
          <ol className="fs-session-list" tabIndex={0} aria-label={t("conversations.said")}>
            {messages.map((message) => (
              <li key={message.number} className={`is-${message.role}`}>
                <small>{t(`conversations.${message.role}`)} · {formatTime(message.created_at)}</small>
                <p>{message.text}</p>
              </li>
            ))}
          </ol>
        </>
      )}
      <div className="fs-dialog-actions"><button type="button" className="fs-button" onClick={onClose}>{t("app.close")}</button></div>
    </Dialog>
  );
}
