// The chat beside the canvas: talk to the workflow that is being built, and see each step as it happens.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Bot, Brain, ChevronRight, Database, ExternalLink, MessageCircle, Search, Sparkles, SquarePen, Trash2, Users, Wrench, X, Zap } from "lucide-react";
import { toast } from "sonner";
import { Composer } from "../chat/composer.jsx";
import { Messages } from "../chat/messages.jsx";
import { ChatStore } from "../chat/store.js";
import { ConfirmDialog } from "../shell/shell.jsx";
import { count, formatDuration, formatTime, t } from "../texts/texts.js";
import { ApiError, call, get, post } from "./api.js";
import { Dropdown } from "./dropdown.jsx";
import { StatusMark } from "./step.jsx";
import { Visitors } from "./visitors.jsx";
import "../chat/chat.css";
import "./chat.css";

const ICONS = { node: Zap, model: Sparkles, tool: Wrench, memory: Brain, embedder: Database, retriever: Search };
const QUIET = new Set(["when-chat-received", "respond-to-chat"]); // the chat itself shows what they do
const RECENT = 20;

const kept = (workflow) => `flowstudio.chat/${workflow}`;

function lastSession(workflow) {
  try {
    return localStorage.getItem(kept(workflow));
  } catch {
    return null;
  }
}

/** A response whose body is read bit by bit; failures are sentences for people. */
async function stream(path, body) {
  const response = await fetch(`/api${path}`, body
    ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
    : {});
  if (response.ok) return response;
  throw new ApiError(response.status, (await response.json().catch(() => null))?.error);
}

/** The present chat of a workflow: its store, and what can be done with chats. `ready` saves what is open before a message goes out. */
export function useChat({ workflow, runs, ready, follow }) {
  const [session, setSession] = useState(() => lastSession(workflow) ?? crypto.randomUUID());
  const [open, setOpen] = useState(false);
  const latest = useRef();
  latest.current = { ready, follow, runs };
  const path = `/workflows/${encodeURIComponent(workflow)}/chat`;
  const here = `${path}/sessions/${encodeURIComponent(session)}`;
  const store = useMemo(() => new ChatStore({
    history: async () => {
      try {
        return (await get(`${here}/`)).turns;
      } catch (error) {
        if (error.status === 404) return [];
        throw error;
      }
    },
    send: async (body) => {
      await latest.current.ready();
      const { files, ...rest } = body;
      return stream(path, { ...rest, session_id: session, draft: true, ...(files && { files: files.map(({ name, mime_type: type, data }) => ({ name, mime_type: type, data })) }) });
    },
    watch: () => stream(`${here}/events`),
    stop: () => post(`${here}/stop/`),
    rate: (number, rating) => call("PUT", `${here}/turns/${number}/rating/`, { body: { rating } }),
  }, {
    told: ({ execution_id: id }) => latest.current.runs.execution?.id !== id && latest.current.follow({ id }),
    lost: t("chat.lost"),
  }), [path, here, session]);
  useEffect(() => {
    if (open) store.load().catch((error) => toast.error(t("chat.history_missing", { message: error.message })));
  }, [open, store]);
  const go = useCallback((id) => {
    try {
      localStorage.setItem(kept(workflow), id);
    } catch {
      // A browser that keeps nothing begins a new chat next time.
    }
    setSession(id);
  }, [workflow]);
  const fileUrl = useCallback((number, index, answer) => `/api${here}/turns/${number}/files/${index}${answer ? "?answer=true" : ""}`, [here]);
  const start = useCallback((body) => {
    go(session);
    return store.send(body);
  }, [go, session, store]);
  return { workflow, session, go, store, path, here, fileUrl, open, setOpen, start };
}

function Doings({ turn, doings, onOpen }) {
  const shown = useMemo(() => (doings ?? []).filter((one) => one.kind !== "node" || !QUIET.has(one.type)), [doings]);
  const levels = useMemo(() => {
    const found = new Map();
    for (const one of shown) found.set(one.key, one.parent && found.has(one.parent) ? found.get(one.parent) + 1 : 0);
    return found;
  }, [shown]);
  const running = turn.status === "running";
  const [chosen, setChosen] = useState(null);
  if (!shown.length) return null;
  const failed = shown.some((one) => one.status === "error");
  const status = running ? "running" : failed ? "error" : "success";
  return (
    <details className="fs-chat-doings" open={chosen ?? running} onToggle={(event) => event.currentTarget.open !== (chosen ?? running) && setChosen(event.currentTarget.open)}>
      <summary><ChevronRight size={14} aria-hidden="true" /> {count(shown.length, "chat.steps_one", "chat.steps_many")}{status === "error" && ` · ${t("chat.step_error")}`}</summary>
      <ul aria-label={t("chat.steps_label")}>
        {shown.map((one) => {
          const Icon = one.type === "ai-agent" && one.kind === "node" ? Bot : ICONS[one.kind] ?? Zap;
          return (
            <li key={one.key}>
              <button type="button" className="fs-chat-doing" style={{ "--fs-level": levels.get(one.key) }} title={t("chat.open_step", { name: one.label })} onClick={() => onOpen(one.node)}>
                <StatusMark state={{ status: one.status }} size={9} />
                <Icon size={14} aria-hidden="true" />
                <strong>{one.label}</strong>
                {one.kind === "tool" && (one.output || one.input) && <code>{one.output || one.input}</code>}
                <span className="fs-visually-hidden">{t(`chat.step_${one.status}`)}</span>
                {one.milliseconds != null && one.status !== "running" && <time>{formatDuration(one.milliseconds)}</time>}
              </button>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

function Sessions({ chat }) {
  const [found, setFound] = useState([]);
  const { store } = chat;
  const [title, setTitle] = useState("");
  const load = useCallback(() => get(`${chat.path}/sessions/?kind=panel&mine=true&limit=${RECENT}`).then(({ items }) => setFound(items)).catch((error) => toast.error(error.message)), [chat.path]);
  useEffect(() => store.subscribe(() => setTitle(store.turns[0]?.text ?? "")), [store]);
  useEffect(() => setTitle(store.turns[0]?.text ?? ""), [store]);
  const items = [
    { label: t("chat.new"), onPick: () => chat.go(crypto.randomUUID()) },
    ...found.map((one) => ({ label: one.title || t("chat.untitled"), hint: formatTime(one.updated_at), checked: one.session_id === chat.session, onPick: () => chat.go(one.session_id) })),
  ];
  return <Dropdown className="fs-chat-session" align="start" label={t("chat.sessions")} text={<span>{title || t("chat.untitled")}</span>} items={items} onOpen={load} />;
}

export function ChatPanel({ chat, store: workflow, onOpen, inert }) {
  const { store } = chat;
  const field = useRef(null);
  const [doomed, setDoomed] = useState(false);
  const [visited, setVisited] = useState(false);
  useEffect(() => { field.current?.focus(); }, [chat.session]);
  const [some, setSome] = useState(store.turns.length > 0);
  useEffect(() => {
    const look = () => setSome(store.turns.length > 0);
    look();
    return store.subscribe(look);
  }, [store]);
  const close = () => {
    chat.setOpen(false);
    document.querySelector(".fs-canvas")?.focus?.({ preventScroll: true });
  };
  const clear = async () => {
    setDoomed(false);
    try {
      await call("DELETE", `${chat.here}/`);
    } catch (error) {
      if (error.status !== 404) return void toast.error(error.message);
    }
    store.reset();
    chat.go(crypto.randomUUID());
  };
  const rate = useCallback((number, rating) => store.rate(number, rating), [store]);
  const extras = useCallback((turn, doings) => <Doings turn={turn} doings={doings} onOpen={onOpen} />, [onOpen]);
  const runLink = useCallback((turn) => (
    <a className="fs-chat-run" href={`/executions/${encodeURIComponent(turn.execution_id)}`} target="_blank" rel="noopener" title={t("chat.run_hint")}><ExternalLink size={13} aria-hidden="true" /> {t("chat.run")}</a>
  ), []);
  const onOpenError = useCallback((id) => {
    const node = workflow.node(id);
    return node && <button type="button" className="fs-link" onClick={() => onOpen(id)}>{t("chat.open_step", { name: workflow.label(node) })}</button>;
  }, [workflow, onOpen]);
  return (
    <section className="fs-chat-panel" aria-label={t("chat.title")} inert={inert} onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && close()}>
      <header className="fs-chat-head">
        <h2>{t("chat.title")}</h2>
        <Sessions chat={chat} />
        <span className="fs-gap" />
        <button type="button" className="fs-tool" aria-label={t("chat.visitors")} title={t("chat.visitors")} onClick={() => setVisited(true)}><Users size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("chat.new")} title={t("chat.new")} onClick={() => chat.go(crypto.randomUUID())} disabled={!some}><SquarePen size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("chat.clear")} title={t("chat.clear")} onClick={() => setDoomed(true)} disabled={!some}><Trash2 size={16} aria-hidden="true" /></button>
        <button type="button" className="fs-tool" aria-label={t("chat.close")} title={t("chat.close")} onClick={close}><X size={17} aria-hidden="true" /></button>
      </header>
      <Messages
        store={store} fileUrl={chat.fileUrl} onSend={chat.start} onRate={rate} extras={extras} runLink={runLink} onOpenError={onOpenError}
        welcome={!some && <div className="fs-chat-hello"><MessageCircle size={28} aria-hidden="true" /><h3>{t("chat.empty_title")}</h3><p>{t("chat.empty_text")}</p></div>}
      />
      <Composer store={store} onSend={chat.start} field={field} />
      {visited && <Visitors path={`${chat.path}/sessions`} onClose={() => setVisited(false)} />}
      <ConfirmDialog open={doomed} heading={t("chat.clear_title")} text={t("chat.clear_text")} confirm={t("app.delete")} onConfirm={clear} onClose={() => setDoomed(false)} />
    </section>
  );
}
