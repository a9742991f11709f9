// Runs the JavaScript of a Code node: an async function, with console and timers.
(host, part, scope) => {
  let outcome, timers = [], nextTimer = 1;
  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.stack ? `${value.name}: ${value.message}` : String(value);
    try { return typeof value === "object" ? JSON.stringify(value) ?? String(value) : String(value); } catch { return String(value); }
  };
  const log = (...values) => host.print(values.map(shown).join(" ") + "\n");
  globalThis.console = { log, info: log, warn: log, error: log, debug: log, table: log, dir: log, trace: log };
  const add = (repeat) => (callback, delay = 0, ...given) => {
    delay = Math.max(Number(delay) || 0, 0);
    timers.push({ id: nextTimer, due: Date.now() + delay, delay, repeat, call: () => callback(...given) });
    return nextTimer++;
  };
  const clear = (id) => { timers = timers.filter((timer) => timer.id !== id); };
  Object.assign(globalThis, {
    setTimeout: add(false), setInterval: add(true), setImmediate: (...given) => add(false)(given[0], 0, ...given.slice(1)),
    clearTimeout: clear, clearInterval: clear, clearImmediate: clear,
    structuredClone: globalThis.structuredClone ?? ((value) => JSON.parse(JSON.stringify(value))),
  });

  const lineOf = (error) => {
    const found = /<input>:(\d+)/.exec(error?.stack || "");
    return found ? Number(found[1]) - 1 : null;
  };
  const HEAD = "(async function($json,$binary,$itemIndex){\n";
  const start = ({ code, mode }, { turnTo, big, message, lazy }) => {
    const fail = (error, item) => {
      const memory = /out of memory/.test(error?.message);
      outcome = JSON.stringify({ error: { kind: memory ? "memory" : "error", message: message(error), line: lineOf(error), item } });
    };
    lazy("items", () => globalThis.$input.all());
    lazy("item", () => globalThis.$input.item);
    lazy("Buffer", () => part("buffer"));
    lazy("$data", () => scope.items[scope.index]);
    lazy("luxon", () => part("dates").luxon);
    lazy("jmespath", () => part("jmespath"));
    if (/toLocale/.test(code)) part("intl");
    let run;
    try { run = (0, eval)(HEAD + code + "\n})"); } catch (error) { return fail(error); }
    const marked = (value) => value === undefined ? { type: "undefined" } : typeof value === "function" ? { type: "function" }
      : { value: typeof value === "bigint" ? big("", value) : value };
    const all = async () => {
      const results = [], binaries = scope.perItem.binary || [];
      if (mode === "all-items") return { result: marked(await run(scope.items[0], binaries[0] || {}, 0)) };
      for (let index = 0; index < scope.items.length; index++) {
        turnTo(index);
        try { results.push(marked(await run(scope.items[index], binaries[index] || {}, index))); } catch (error) {
          return fail(error, index);
        }
      }
      return { results };
    };
    all().then((result) => { if (result) outcome = JSON.stringify({ ...result, left: scope.left?.() }, big); }).catch((error) => fail(error));
  };
  // The outcome as text; else how many milliseconds to wait, negative when nothing will ever happen.
  const poll = () => {
    if (outcome !== undefined) return outcome;
    if (!timers.length) return -1;
    const next = timers.reduce((first, timer) => timer.due < first.due ? timer : first);
    const wait = next.due - Date.now();
    if (wait > 0) return wait;
    if (next.repeat) next.due = Date.now() + Math.max(next.delay, 1);
    else clear(next.id);
    next.call();
    return 0;
  };
  return { start, poll };
}
