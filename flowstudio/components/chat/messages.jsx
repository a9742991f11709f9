// What was said: a person's messages, the workflow's answers, and what can be done with them.
import { memo, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { ArrowDown, Check, Copy, FileText, Pencil, RotateCcw, ThumbsDown, ThumbsUp, TriangleAlert } from "lucide-react";
import { t } from "../texts/texts.js";
import { copyText } from "./copying.js";
import { Markdown } from "./markdown.jsx";

const NEAR = 80; // px from the end within which the view follows what is written
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

function Act({ icon: Icon, label, ...rest }) {
  return <button type="button" className="fs-chat-act" aria-label={label} title={label} {...rest}><Icon size={15} aria-hidden="true" /></button>;
}

function Files({ files, url }) {
  if (!files?.length) return null;
  return (
    <ul className="fs-chat-files">
      {files.map((file, index) => {
        const href = url?.(index);
        const body = PICTURES.has(file.mime_type) && href ? <img src={href} alt={file.name} loading="lazy" /> : <><FileText size={15} aria-hidden="true" /> <span>{file.name}</span></>;
        return <li key={index}>{href ? <a href={href} target="_blank" rel="noopener">{body}</a> : <span className="fs-chat-file">{body}</span>}</li>;
      })}
    </ul>
  );
}

function CopyAct({ text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    setDone(await copyText(text));
    setTimeout(() => setDone(false), 1500);
  };
  return <Act icon={done ? Check : Copy} label={t(done ? "chat.copied" : "chat.copy")} onClick={copy} />;
}

function Editing({ text, onSend, onCancel }) {
  const [value, setValue] = useState(text);
  const field = useRef(null);
  useEffect(() => { field.current?.focus(); field.current?.setSelectionRange(text.length, text.length); }, [text]);
  const keys = (event) => {
    if (event.key === "Escape") { event.stopPropagation(); onCancel(); }
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) { event.preventDefault(); if (value.trim()) onSend(value); }
  };
  return (
    <form className="fs-chat-editing" onSubmit={(event) => { event.preventDefault(); if (value.trim()) onSend(value); }}>
      <textarea ref={field} className="fs-input" aria-label={t("chat.edit_label")} rows={3} value={value} onChange={(event) => setValue(event.target.value)} onKeyDown={keys} />
      <p className="fs-help">{t("chat.edit_note")}</p>
      <span className="fs-chat-editing-acts">
        <button type="button" className="fs-button fs-button-small" onClick={onCancel}>{t("chat.cancel")}</button>
        <button type="submit" className="fs-button fs-button-small fs-button-primary" disabled={!value.trim()}>{t("chat.edit_send")}</button>
      </span>
    </form>
  );
}

/** `extras` draws what stands above an answer, `runLink` a link beside its buttons. */
const Turn = memo(function Turn({ turn, last, busy, fileUrl, onSend, onRate, doings, extras, runLink, publicly, onOpenError }) {
  const [editing, setEditing] = useState(false);
  const running = turn.status === "running";
  const offsets = turn.messages.reduce((found, message) => [...found, found.at(-1) + (message.files?.length ?? 0)], [0]);
  const parts = turn.live ? [...turn.messages, { text: turn.live, live: true }] : turn.messages; // what was live stays as it is drawn
  const said = turn.messages.map((message) => message.text).join("\n\n");
  const edit = (text) => { setEditing(false); onSend({ message: text, replaces: turn.number, keep_files: turn.files.length > 0 }); };
  return (
    <>
      <article className="fs-chat-turn fs-chat-mine" aria-label={t("chat.you")}>
        {editing ? <Editing text={turn.text} onSend={edit} onCancel={() => setEditing(false)} /> : (
          <div className="fs-chat-bubble">
            {turn.text && <p className="fs-chat-words">{turn.text}</p>}
            <Files files={turn.files} url={turn.pending ? null : (index) => fileUrl(turn.number, index, false)} />
          </div>
        )}
        {!editing && !busy && onSend && <div className="fs-chat-acts"><Act icon={Pencil} label={t("chat.edit")} onClick={() => setEditing(true)} /><CopyAct text={turn.text} /></div>}
      </article>
      <article className="fs-chat-turn fs-chat-theirs" aria-label={t("chat.workflow")} aria-busy={running}>
        {extras?.(turn, doings)}
        {parts.map((message, index) => (
          <div key={index} className={`fs-chat-answer${message.live ? " fs-chat-live" : ""}`}>
            {message.text && <Markdown text={message.text} />}
            <Files files={message.files} url={running ? null : (at) => fileUrl(turn.number, offsets[index] + at, true)} />
          </div>
        ))}
        {running && !turn.live && !turn.messages.length && <p className="fs-chat-thinking"><i /><i /><i /><span className="fs-visually-hidden">{t("chat.thinking")}</span></p>}
        {turn.status === "cancelled" && <p className="fs-chat-note">{t("chat.stopped")}</p>}
        {turn.status === "success" && !turn.messages.length && !publicly && <p className="fs-chat-note">{t("chat.nothing")}</p>}
        {turn.error && (
          <div className="fs-chat-failure" role="alert">
            <TriangleAlert size={16} aria-hidden="true" />
            <p>{turn.error.message}</p>
            {turn.error.node && onOpenError?.(turn.error.node)}
          </div>
        )}
        {!running && (
          <div className="fs-chat-acts">
            {said && <CopyAct text={said} />}
            {last && !busy && onSend && turn.status !== "waiting" && <Act icon={RotateCcw} label={t("chat.regenerate")} onClick={() => onSend({ message: turn.text, replaces: turn.number, keep_files: turn.files.length > 0 })} />}
            {onRate && <>
              <Act icon={ThumbsUp} label={t("chat.good")} aria-pressed={turn.rating === 1} onClick={() => onRate(turn.number, turn.rating === 1 ? 0 : 1)} />
              <Act icon={ThumbsDown} label={t("chat.bad")} aria-pressed={turn.rating === -1} onClick={() => onRate(turn.number, turn.rating === -1 ? 0 : -1)} />
            </>}
            {runLink?.(turn)}
          </div>
        )}
        {running && runLink && turn.execution_id && <div className="fs-chat-acts">{runLink(turn)}</div>}
      </article>
    </>
  );
});

/** All turns of a store; the view follows what is written unless the person reads further up. */
export function Messages({ store, welcome, fileUrl, onSend, onRate, extras, runLink, publicly, onOpenError }) {
  useSyncExternalStore(store.subscribe, () => store.version, () => 0);
  const box = useRef(null);
  const follows = useRef(true);
  const [below, setBelow] = useState(false);
  const { turns, busy, doings } = store;
  useLayoutEffect(() => {
    if (!follows.current) return undefined;
    // Asked now, the browser would lay everything out within React's work; it does so for this frame anyway.
    const frame = requestAnimationFrame(() => { if (follows.current) box.current.scrollTop = box.current.scrollHeight; });
    return () => cancelAnimationFrame(frame);
  });
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    follows.current = scrollHeight - scrollTop - clientHeight < NEAR;
    setBelow(!follows.current);
  };
  const toEnd = () => { box.current.scrollTop = box.current.scrollHeight; };
  return (
    <div className="fs-chat-middle">
      <div className="fs-chat-scroll" ref={box} onScroll={scrolled} role="log" aria-live="off" aria-label={t("chat.log")} tabIndex={0}>
        {welcome}
        {turns.map((turn, index) => (
          <Turn
            key={turn.number} turn={turn} last={index === turns.length - 1} busy={busy} fileUrl={fileUrl} onSend={onSend} onRate={onRate}
            doings={doings.get(turn.number)} extras={extras} runLink={runLink} publicly={publicly} onOpenError={onOpenError}
          />
        ))}
      </div>
      {below && turns.length > 0 && <button type="button" className="fs-chat-down" aria-label={t("chat.new_words")} title={t("chat.new_words")} onClick={toEnd}><ArrowDown size={16} aria-hidden="true" /></button>}
      <p role="status" className="fs-visually-hidden">{turns.length ? t(busy ? "chat.answering" : "chat.answered") : ""}</p>
    </div>
  );
}
