// What lies behind something else: it need not follow every keystroke, it has to be right once people look again.
import { useCallback, useRef, useSyncExternalStore } from "react";
import { later } from "./later.js";


/** What `get` gives; while `covered`, what it gave when nothing had changed for a while. */
export function useSettled(subscribe, get, covered) {
  const held = useRef(null);
  const read = () => {
    if (!covered || !held.current) held.current = { value: get() };
    return held.current.value;
  };
  const listen = useCallback((listener) => (covered ? later(subscribe, () => { held.current = null; listener(); }) : subscribe(listener)), [subscribe, covered]);
  return useSyncExternalStore(listen, read, read);
}
