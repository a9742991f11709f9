// What the cards and connections on the canvas share: the store, the actions, and small signals.
import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import { usedPorts } from "./edits.js";

/** {store, actions, mayEdit, mayRun, show, signals: {renaming, writing, edge, found, dragging}} */
export const SurfaceContext = createContext(null);
export const useSurface = () => useContext(SurfaceContext);

const cache = new WeakMap();

function portsInUse(snapshot) {
  let used = cache.get(snapshot.edges);
  if (!used) cache.set(snapshot.edges, (used = usedPorts(snapshot.nodes, snapshot.edges)));
  return used;
}

/** Whether a card's port has a connection; the card is drawn again only when one of its own changes. */
export function useUsedPorts(store, id) {
  const key = useSyncExternalStore(
    store.subscribe,
    useCallback(() => [...(portsInUse(store.snapshot).get(id) ?? [])].join("\n"), [store, id]),
  );
  return key ? new Set(key.split("\n")) : NONE;
}

const NONE = new Set();
