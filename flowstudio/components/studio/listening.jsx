// Test webhooks: wait for one call of the chosen Webhook step, then follow the execution that it started.
import { useCallback, useEffect, useId, useRef, useState } from "react";
import { Copy, Play, Square } from "lucide-react";
import { toast } from "sonner";
import { t } from "../texts/texts.js";
import { call, get, post } from "./api.js";

const WAIT = 8; // seconds that the server may hold one question back

export const isWebhook = (node) => node?.data.type === "webhook";

/** `addresses` is null, or what may be called now: [{node, method, url}]. `onCall(execution id)` when it was. */
export function useListening(workflowId, onCall) {
  const [addresses, setAddresses] = useState(null);
  const current = useRef(null);
  const path = `/workflows/${encodeURIComponent(workflowId)}/listen`;

  const end = useCallback(() => {
    current.current?.abort();
    current.current = null;
    setAddresses(null);
  }, []);
  useEffect(() => end, [end]);

  const start = useCallback(async () => {
    const answer = await post(path);
    end();
    const { signal } = (current.current = new AbortController());
    setAddresses(answer.addresses);
    const follow = async () => {
      for (;;) {
        const told = await get(`${path}?wait=${WAIT}`, { signal });
        if (told.execution_id) return told.execution_id;
        if (!told.listening) return null;
      }
    };
    follow().then((execution) => {
      if (signal.aborted) return;
      end();
      if (execution) onCall(execution);
      else toast(t("listening.over"));
    }).catch((error) => {
      if (signal.aborted) return;
      end();
      toast.error(error.message);
    });
  }, [path, end, onCall]);

  const stop = useCallback(async () => {
    end();
    try {
      await call("DELETE", path);
    } catch (error) {
      toast.error(error.message);
    }
  }, [path, end]);

  return { addresses, start, stop };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A call of an address, for a terminal. */
export function curlLine({ method, url }) {
  if (method === "HEAD") return `curl -I ${quoted(url)}`;
  if (method === "GET") return `curl ${quoted(url)}`;
  if (method === "DELETE") return `curl -X DELETE ${quoted(url)}`;
  return `curl -X ${method} ${quoted(url)} -H 'Content-Type: application/json' -d '{"hello": "world"}'`;
}

function Copyable({ label, text }) {
  const id = useId();
  const input = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(t("listening.copied"));
    } catch {
      // Browsers give pages the clipboard over HTTPS and on the own machine only.
      input.current.select();
      toast(t("listening.copy_by_hand"));
    }
  };
  const name = t("listening.copy", { label });
  return (
    <div className="fs-copyable">
      <label className="fs-label" htmlFor={id}>{label}</label>
      <input id={id} ref={input} className="fs-input" value={text} readOnly onFocus={(event) => event.target.select()} />
      <button type="button" className="fs-tool" aria-label={name} title={name} onClick={copy}><Copy size={15} aria-hidden="true" /></button>
    </div>
  );
}

/** What is shown while somebody listens: where to call, how, and the ways out. */
export function ListeningBar({ addresses, guarded, onRun, onStop }) {
  return (
    <section className="fs-listening" aria-label={t("listening.title")}>
      <div className="fs-listening-head">
        <p role="status"><span className="fs-listening-dot" aria-hidden="true" /> {t("listening.waiting")}</p>
        <button type="button" className="fs-button fs-button-small" onClick={onRun}><Play size={14} aria-hidden="true" /> {t("listening.run_empty")}</button>
        <button type="button" className="fs-button fs-button-small fs-button-danger" onClick={onStop}><Square size={12} fill="currentColor" aria-hidden="true" /> {t("listening.stop")}</button>
      </div>
      {addresses.map((address) => (
        <div key={`${address.method} ${address.url}`} className="fs-listening-address">
          <Copyable label={t("listening.address", { method: address.method })} text={address.url} />
          <Copyable label={t("listening.command", { method: address.method })} text={curlLine(address)} />
        </div>
      ))}
      {guarded && <p className="fs-help">{t("listening.protected")}</p>}
    </section>
  );
}
