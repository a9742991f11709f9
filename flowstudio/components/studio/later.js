// Many changes, told once.

const QUIET = 300; // ms without a change
const LONGEST = 2000; // ms that changes are kept back

/** Calls `act` once changes pause, or have gone on for long. */
export function later(subscribe, act) {
  let timer = null, since = null;
  const stop = subscribe(() => {
    since ??= performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => { since = null; act(); }, Math.min(QUIET, since + LONGEST - performance.now()));
  });
  return () => { stop(); clearTimeout(timer); };
}
