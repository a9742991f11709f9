// One value outside React that cards may listen to without drawing the whole canvas again.
import { useSyncExternalStore } from "react";

export class Signal {
  constructor(value = null) {
    this.value = value;
    this.listeners = new Set();
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set = (value) => {
    if (value === this.value) return;
    this.value = value;
    this.listeners.forEach((listener) => listener());
  };
}

/** What `select` makes of the value; the component is drawn again only when that changes. */
export const useSignal = (signal, select = (value) => value) => useSyncExternalStore(signal.subscribe, () => select(signal.value), () => select(signal.value));
