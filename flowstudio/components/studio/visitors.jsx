// The chats of a workflow's visitors, to read: nobody writes in their names.
import { useCallback, useEffect, useMemo, useState } from "react";
import { ArrowLeft, ExternalLink, Users } from "lucide-react";
import { toast } from "sonner";
import { Messages } from "../chat/messages.jsx";
import { ChatStore } from "../chat/store.js";
import { Dialog } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { count, t } from "../texts/texts.js";
import { get } from "./api.js";

const titleOf = (one) => one.title || t("chat.untitled");

/** One chat; what is being answered right now is read along. */
function Transcript({ path, one }) {
  const here = `${path}/${encodeURIComponent(one.session_id)}`;
  const store = useMemo(() => new ChatStore({
    history: async () => (await get(`${here}/`)).turns,
    watch: async () => {
      const response = await fetch(`/api${here}/events`);
      if (!response.ok) throw new Error(response.statusText);
      return response;
    },
  }, { lost: t("chat.lost") }), [here]);
  useEffect(() => {
    store.load().catch((error) => toast.error(t("chat.history_missing", { message: error.message })));
    return () => store.reset();
  }, [store]);
  const fileUrl = useCallback((number, index, answer) => `/api${here}/turns/${number}/files/${index}${answer ? "?answer=true" : ""}`, [here]);
  const runLink = useCallback((turn) => (
    <a className="fs-chat-run" href={`/executions/${encodeURIComponent(turn.execution_id)}`} target="_blank" rel="noopener" title={t("chat.run_hint")}><ExternalLink size={13} aria-hidden="true" /> {t("chat.run")}</a>
  ), []);
  return <Messages store={store} fileUrl={fileUrl} runLink={runLink} />;
}

export function Visitors({ path, onClose }) {
  const [first, failure, reload] = useAnswer(`${path}?kind=public`);
  const [more, setMore] = useState(null); // {items, next_cursor} behind the first page
  const [read, setRead] = useState(null);
  const chats = [...(first?.items ?? []), ...(more?.items ?? [])];
  const cursor = (more ?? first)?.next_cursor;
  const next = async () => {
    try {
      const page = await get(`${path}?kind=public&cursor=${encodeURIComponent(cursor)}`);
      setMore((before) => ({ items: [...(before?.items ?? []), ...page.items], next_cursor: page.next_cursor }));
    } catch (error) {
      toast.error(error.message);
    }
  };
  return (
    <Dialog heading={t("chat.visitors")} text={read ? undefined : t("chat.visitors_text")} className="fs-visitors" closable onClose={onClose}>
      {read ? <>
        <p className="fs-visitors-head">
          <button type="button" className="fs-button fs-button-small" autoFocus onClick={() => setRead(null)}><ArrowLeft size={14} aria-hidden="true" /> {t("chat.visitors_back")}</button>
          <strong>{titleOf(read)}</strong>
        </p>
        <Transcript path={path} one={read} />
      </> : !first ? <Pending failure={failure} reload={reload} />
        : chats.length === 0 ? <div className="fs-chat-hello"><Users size={28} aria-hidden="true" /><p>{t("chat.visitors_none")}</p></div>
        : <>
          <ul className="fs-visitors-list">
            {chats.map((one) => (
              <li key={one.session_id}>
                <button type="button" onClick={() => setRead(one)}><span>{titleOf(one)}</span><small>{count(one.turns, "chat.messages_one", "chat.messages_many")} · <Ago at={one.updated_at} /></small></button>
              </li>
            ))}
          </ul>
          {cursor && <button type="button" className="fs-button fs-button-small" onClick={next}>{t("conversations.more")}</button>}
        </>}
    </Dialog>
  );
}
