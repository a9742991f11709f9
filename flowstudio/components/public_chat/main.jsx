// The page of a public chat: what strangers see of a workflow. It is a bundle of its own, without the studio.
import { createRoot } from "react-dom/client";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { MessageCircle, SquarePen } from "lucide-react";
import { Composer } from "../chat/composer.jsx";
import { Markdown } from "../chat/markdown.jsx";
import { Messages } from "../chat/messages.jsx";
import { ChatStore } from "../chat/store.js";
import { t } from "../texts/texts.js";
import { dress } from "./look.js";
import "../chat/chat.css";
import "./public.css";

const workflow = location.pathname.split("/").filter(Boolean)[1] ?? "";
const path = `/api/public-chats/${encodeURIComponent(decodeURIComponent(workflow))}`;

class Refusal extends Error {
  constructor(status, message) {
    super(message || t("public.failed"));
    this.status = status;
  }
}

async function ask(method, tail = "", body) {
  let response;
  try {
    response = await fetch(path + tail, { method, ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) });
  } catch {
    throw new Refusal(0, t("public.offline"));
  }
  if (response.ok) return response;
  throw new Refusal(response.status, (await response.json().catch(() => null))?.error?.message);
}

const arrive = async () => (await ask("GET")).json();

function Chat({ look, back }) {
  const fresh = useRef(false);
  const field = useRef(null);
  const [some, setSome] = useState(look.turns.length > 0);
  const store = useMemo(() => {
    const made = new ChatStore({
      history: async () => look.turns,
      send: async ({ files, ...rest }) => {
        try {
          const answer = await ask("POST", "/messages", { ...rest, fresh: fresh.current, ...(files && { files: files.map(({ name, mime_type: type, data }) => ({ name, mime_type: type, data })) }) });
          fresh.current = false;
          return answer;
        } catch (error) {
          if (error.status === 401 || error.status === 404) back();
          throw error;
        }
      },
      watch: () => ask("GET", "/events"),
      stop: () => ask("POST", "/stop"),
      rate: (number, rating) => ask("PUT", `/turns/${number}/rating`, { rating }),
    }, { lost: t("chat.lost") });
    made.load();
    return made;
  }, [look, back]);
  useEffect(() => {
    const see = () => setSome(store.turns.length > 0);
    see();
    return store.subscribe(see);
  }, [store]);
  useEffect(() => { if (matchMedia("(pointer: fine)").matches) field.current?.focus(); }, []);
  const send = useCallback((body) => store.send(body), [store]);
  const rate = useCallback((number, rating) => store.rate(number, rating), [store]);
  const fileUrl = useCallback((number, index, answer) => `${path}/turns/${number}/files/${index}${answer ? "?answer=true" : ""}`, []);
  const begin = () => {
    fresh.current = true;
    store.reset();
    field.current?.focus();
  };
  return (
    <>
      <Head look={look}>
        <button type="button" className="fs-tool" aria-label={t("chat.new")} title={t("chat.new")} onClick={begin} disabled={!some}><SquarePen size={18} aria-hidden="true" /></button>
      </Head>
      <main className={`fs-public-main${some ? "" : " is-new"}`}>
        <Messages
          store={store} fileUrl={fileUrl} onSend={send} onRate={rate} publicly
          welcome={look.welcome.trim() && <div className="fs-chat-turn fs-public-welcome"><Markdown text={look.welcome} /></div>}
        />
        {!some && look.suggestions.length > 0 && (
          <ul className="fs-public-suggestions" aria-label={t("public.suggestions")}>
            {look.suggestions.map((text) => <li key={text}><button type="button" className="fs-chip" onClick={() => send({ message: text })}>{text}</button></li>)}
          </ul>
        )}
        <Composer store={store} onSend={send} files={look.files} field={field} />
      </main>
    </>
  );
}

function Head({ look, children }) {
  return (
    <header className="fs-public-head">
      <span className="fs-public-sign"><MessageCircle size={18} aria-hidden="true" /></span>
      <h1>{look.title}</h1>
      <span className="fs-gap" />
      {children}
    </header>
  );
}

function Entry({ look, enter }) {
  const [error, setError] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    setError("");
    try {
      await ask("POST", "/enter", { password: event.currentTarget.elements.password.value });
      await enter();
    } catch (refusal) {
      setError(refusal.message);
    }
  };
  return (
    <>
      <Head look={look} />
      <main className="fs-public-center">
        {look.entry === "password" ? (
          <form className="fs-form fs-public-card" onSubmit={submit}>
            <p>{t("public.password_text")}</p>
            <label>{t("public.password")}<input className="fs-input" type="password" name="password" autoComplete="current-password" required maxLength={1000} /></label>
            {error && <p className="fs-form-error" role="alert">{error}</p>}
            <button type="submit" className="fs-button fs-button-primary fs-button-wide">{t("public.enter")}</button>
          </form>
        ) : (
          <div className="fs-form fs-public-card">
            <p>{t("public.signed_in_text")}</p>
            <a className="fs-button fs-button-primary fs-button-wide" href={`/login?next=${encodeURIComponent(location.pathname)}`}>{t("public.sign_in")}</a>
          </div>
        )}
      </main>
    </>
  );
}

function Page() {
  const [look, setLook] = useState(null);
  const [gone, setGone] = useState("");
  const load = useCallback(async () => {
    try {
      const found = await arrive();
      dress(found);
      setLook(found);
    } catch (error) {
      dress({ theme: "system" });
      setGone(error.status === 404 ? t("public.missing_text") : error.message);
    }
  }, []);
  useEffect(() => { load(); }, [load]);
  if (gone) return <main className="fs-public-center"><div className="fs-public-card"><h1>{t("public.missing_title")}</h1><p>{gone}</p></div></main>;
  if (!look) return null;
  return look.entry ? <Entry look={look} enter={load} /> : <Chat look={look} back={load} />;
}

createRoot(document.getElementById("chat")).render(<Page />);
