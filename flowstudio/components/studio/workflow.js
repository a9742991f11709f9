// The workflow that is open in the editor: its connection, what is wrong with it, what of it is published.
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { toast } from "sonner";
import { t } from "../texts/texts.js";
import { call, get } from "./api.js";
import { uid } from "./document.js";
import { same } from "./operations.js";
import { Sync } from "./sync.js";

const NONE = [];

const facts = ({ active, published_version: published = null, has_unpublished: unpublished }) =>
  ({ active, published, unpublished: published !== null && unpublished !== false });

/** The browser's storage, or null where pages may store nothing. */
function browserStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Who is signed in, by id: edits that one person left in this browser are not sent as another's. */
export const person = () => get("/me").then((answer) => answer.user.id, () => null);

export function useWorkflow({ store, answer, me, mayEdit }) {
  const [workflow, setWorkflow] = useState(() => ({ id: answer.id, ...facts(answer) }));
  const [problems, setProblems] = useState(answer.problems ?? NONE);
  const learn = useCallback((state) => setWorkflow((before) => ({ ...before, ...facts(state) })), []);
  const sync = useMemo(() => new Sync(store, answer.id, {
    client: uid(), person: me, mayEdit, call, events: (url) => new EventSource(url), storage: browserStorage(),
    told: {
      onAnswer: ({ problems: found, ports }) => {
        setProblems((before) => (same(before, found ?? NONE) ? before : found ?? NONE)); // the cards draw anew for others only
        store.setPorts(ports);
      },
      onState: learn,
      onRefused: (message) => toast.error(t("editing.refused_edit", { message })),
    },
  }), [store, answer, me, mayEdit, learn]);

  useEffect(() => {
    sync.open();
    const warn = (event) => sync.unkept && event.preventDefault();
    const listeners = [
      [window, "beforeunload", warn],
      [window, "pagehide", () => sync.leave()],
      [window, "online", () => sync.network(true)],
      [window, "offline", () => sync.network(false)],
      [document, "visibilitychange", () => sync.show(document.visibilityState === "visible")],
    ];
    listeners.forEach(([target, name, listener]) => target.addEventListener(name, listener));
    return () => {
      listeners.forEach(([target, name, listener]) => target.removeEventListener(name, listener));
      sync.leave();
      sync.close();
    };
  }, [sync]);

  // Whatever is edited after publishing, here or by others, is not published yet.
  useEffect(() => {
    let revision = store.revision;
    return store.subscribe(() => {
      if (store.revision === revision) return;
      revision = store.revision;
      setWorkflow((before) => (before.published === null || before.unpublished ? before : { ...before, unpublished: true }));
    });
  }, [store]);

  const state = useSyncExternalStore(sync.subscribe, () => sync.state);
  const ended = state.kind === "deleted" || state.kind === "refused";
  return { workflow, learn, problems, setProblems, sync, ended, mayEdit: mayEdit && !ended };
}
