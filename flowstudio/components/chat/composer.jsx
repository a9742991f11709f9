// Where a message is written.
import { useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { ArrowUp, FileText, Paperclip, Square, X } from "lucide-react";
import { t } from "../texts/texts.js";

const MOST = 10;
const LARGEST = 8 * 1024 * 1024; // bytes of all files together: in Base64 they have to fit into a request
const TALL = 180;

const read = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ name: file.name || "file", mime_type: file.type || "application/octet-stream", size: file.size, data: reader.result.slice(reader.result.indexOf(",") + 1) });
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

/** `onSend({message, files})` gives whether the message was taken; if not, it stays to be sent again. */
export function Composer({ store, onSend, files: mayAttach = true, field }) {
  useSyncExternalStore(store.subscribe, () => store.version, () => 0);
  const [text, setText] = useState("");
  const [files, setFiles] = useState([]);
  const [refusal, setRefusal] = useState("");
  const own = useRef(null);
  const picker = useRef(null);
  const area = field ?? own;
  const { busy } = store;
  const error = refusal || store.error;
  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(TALL, area.current.scrollHeight + 2)}px`;
  }, [text, area]);

  const add = async (chosen) => {
    const list = [...chosen];
    if (!list.length) return;
    if (files.length + list.length > MOST) return void setRefusal(t("chat.too_many_files", { count: MOST }));
    const sum = [...files, ...list].reduce((total, file) => total + file.size, 0);
    if (sum > LARGEST) return void setRefusal(t("chat.file_too_large", { name: list[0].name, limit: LARGEST / 1024 / 1024 }));
    setRefusal("");
    const more = await Promise.all(list.map(read));
    setFiles((before) => [...before, ...more]);
  };
  const send = async () => {
    if (busy || (!text.trim() && !files.length)) return;
    const message = { message: text, ...(files.length && { files }) };
    setText("");
    setFiles([]);
    setRefusal("");
    if (await onSend(message)) return;
    setText((now) => now || message.message);
    setFiles((now) => (now.length ? now : message.files ?? []));
  };
  const keys = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const paste = (event) => {
    if (!mayAttach || !event.clipboardData.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files);
  };
  return (
    <form className="fs-chat-composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      {store.last?.status === "waiting" && <p className="fs-chat-waits">{t("chat.waits")}</p>}
      {error && <p className="fs-form-error" role="alert">{error}</p>}
      {files.length > 0 && (
        <ul className="fs-chat-files">
          {files.map((file, index) => (
            <li key={index}><span className="fs-chat-file"><FileText size={15} aria-hidden="true" /> <span>{file.name}</span>
              <button type="button" className="fs-chat-act" aria-label={t("chat.remove_file", { name: file.name })} onClick={() => setFiles(files.filter((_, at) => at !== index))}><X size={14} aria-hidden="true" /></button></span></li>
          ))}
        </ul>
      )}
      <div className="fs-chat-write">
        {mayAttach && <>
          <input ref={picker} type="file" multiple hidden onChange={(event) => { add(event.target.files); event.target.value = ""; }} />
          <button type="button" className="fs-tool" aria-label={t("chat.attach")} title={t("chat.attach")} onClick={() => picker.current.click()}><Paperclip size={17} aria-hidden="true" /></button>
        </>}
        <textarea ref={area} rows={1} aria-label={t("chat.write")} placeholder={t("chat.write")} value={text} maxLength={100_000} onChange={(event) => setText(event.target.value)} onKeyDown={keys} onPaste={paste} />
        {busy
          ? <button type="button" className="fs-chat-send" aria-label={t("chat.stop")} title={t("chat.stop")} onClick={() => store.stop()}><Square size={13} fill="currentColor" aria-hidden="true" /></button>
          : <button type="submit" className="fs-chat-send" aria-label={t("chat.send")} title={t("chat.send")} disabled={!text.trim() && !files.length}><ArrowUp size={18} aria-hidden="true" /></button>}
      </div>
    </form>
  );
}
