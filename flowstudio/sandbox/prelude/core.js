// The scope of expressions and code. Evaluated first in every context; its value answers the requests of the child.
(() => {
  // Strings that were put together by + cannot leave the engine; joined ones can. Nor can halves of characters.
  const flat = (value) => typeof value === "string" ? [value].join("").toWellFormed() : value;
  const host = {};
  for (const name of ["load", "print", "offset", "zone", "digest", "locale"]) {
    const call = globalThis["__" + name];
    host[name] = (...given) => call(...given.map(flat));
    delete globalThis["__" + name];
  }
  const { parse, stringify } = JSON, { defineProperty } = Object, indirectEval = eval;
  const loaded = {};
  // Parts come in when they are first needed: luxon alone takes seven milliseconds.
  const part = (name) => {
    if (!(name in loaded)) {
      loaded[name] = undefined;
      const value = indirectEval(host.load(name));
      loaded[name] = typeof value === "function" ? value(host, part, scope) : value;
    }
    return loaded[name];
  };
  const scope = { shared: {}, perItem: {}, items: [], each: [], index: 0, single: true };
  const lazy = (name, get) => defineProperty(globalThis, name, {
    configurable: true, get,
    set(value) { defineProperty(globalThis, name, { value, writable: true, configurable: true }); },
  });
  for (const name of ["$", "$node", "$input", "$items", "$execution", "$workflow", "$vars", "$env", "$prevNode", "$runIndex",
    "$parameter", "$params", "$fromAI", "$fromAi", "$fromai", "$if", "$ifEmpty", "$max", "$min", "$average", "$not", "$jmespath", "$jmesPath",
    "$item", "$thisItem", "$position", "$getWorkflowStaticData", "getWorkflowStaticData"])
    lazy(name, () => (scope.made ??= part("scope")())[name]);
  for (const name of ["$now", "$today", "DateTime", "Duration", "Interval"]) lazy(name, () => part("dates")[name]);
  lazy("Intl", () => part("intl"));
  lazy("$extend", () => part("extensions"));

  const open = (text) => {
    const data = parse(text);
    scope.shared = data.shared || {};
    scope.perItem = data.per_item || {};
    scope.items = data.items;
    scope.made = scope.left = undefined;
    scope.each = Object.keys(scope.perItem).filter((name) => name[0] === "$");
    for (const name of Object.keys(scope.shared)) if (name[0] === "$") globalThis[name] = scope.shared[name];
  };
  const turnTo = (index) => {
    scope.index = index;
    for (const name of scope.each) globalThis[name] = scope.perItem[name][index];
  };

  const big = (key, value) => typeof value === "bigint"
    ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;
  const check = (value) => {
    if (typeof value === "function") throw new Error("This is a function, please add ()");
    if (typeof value === "symbol") throw new Error("A symbol cannot be a value");
    if (value instanceof Promise) throw new Error("This is a promise; expressions cannot wait, use a Code node");
    return value;
  };
  const written = (value) => {
    switch (typeof value) {
      case "undefined": return "null";
      case "string": case "number": case "boolean": return stringify(value);
      case "bigint": return stringify(big("", value));
    }
    return stringify(check(value), big) ?? "null";
  };
  const message = (error) => {
    try {
      if (!(error instanceof Error)) return String(error);
      return error.name === "Error" || !error.name ? error.message : error.name + ": " + error.message;
    } catch { return "an error that cannot be shown"; }
  };
  // Reading a property of nothing gives nothing, as in n8n.
  const isMissing = (error) => error instanceof TypeError && /^cannot read property .* of (undefined|null)/.test(error.message);

  const compile = (code) => {
    try {
      return indirectEval("(function($json,$binary,$itemIndex){return (" + code + "\n)})");
    } catch (error) { return { failure: "Invalid syntax: " + error.message }; }
  };
  const evaluate = (templates) => {
    const changes = /\b(sort|reverse|push|pop|shift|unshift|splice|fill|copyWithin|assign|delete|defineProperty)\b|[^=!<>]=[^=>]|\+\+|--/;
    const compiled = templates.map((pieces) => ({
      pieces: pieces.map((piece) => typeof piece === "string" ? piece : compile(piece[0])),
      changes: pieces.some((piece) => typeof piece !== "string" && changes.test(piece[0])),
      whole: pieces.length === 1 && typeof pieces[0] !== "string",
    }));
    const { items, perItem } = scope, failures = [], rows = [];
    const binaries = perItem.binary || [];
    const value = (piece, json, binary, index) => {
      if (piece.failure) throw new Error(piece.failure);
      try { return piece(json, binary, index); } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    };
    for (let index = 0; index < items.length; index++) {
      turnTo(index);
      const cells = [];
      for (let column = 0; column < compiled.length; column++) {
        const { pieces, changes, whole } = compiled[column];
        let cell = "null";
        try {
          const json = changes ? parse(stringify(items[index])) : items[index], binary = binaries[index] || {};
          if (whole) cell = written(value(pieces[0], json, binary, index));
          else {
            let text = "";
            for (const piece of pieces) {
              const found = typeof piece === "string" ? piece : check(value(piece, json, binary, index));
              if (found !== undefined && found !== null) text += String(found);
            }
            cell = stringify(text);
          }
        } catch (error) { failures.push([index, column, message(error)]); }
        cells.push(cell);
      }
      rows.push("[" + cells.join(",") + "]");
    }
    return ['{"rows":[', rows.join(","), '],"failures":', stringify(failures), ',"clean":'];
  };

  // Expressions of one owner share a realm in which nothing that outlives a batch can be changed.
  let baseline;
  const harden = () => {
    for (const name of ["intl", "luxon", "dates", "extensions", "scope", "jmespath"]) part(name);
    const { luxon } = loaded, iterator = Symbol.iterator, proto = Object.getPrototypeOf;
    const roots = [globalThis, ...Object.values(loaded), luxon.FixedOffsetZone.utcInstance, luxon.SystemZone.instance,
      async () => {}, function* () {}, async function* () {}, (function* () {})(), (async function* () {})(),
      [][iterator](), ""[iterator](), new Map()[iterator](), new Set()[iterator](), "a".matchAll(/a/g), [][iterator]().map((value) => value),
      Iterator.from({ next() {} }), new Int8Array(), Object.getOwnPropertyDescriptor(function () { "use strict"; }, "caller")];
    const seen = new Set(), queue = [...roots];
    while (queue.length) {
      const value = queue.pop();
      if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) continue;
      seen.add(value);
      queue.push(proto(value));
      for (const key of Reflect.ownKeys(value)) {
        const found = Object.getOwnPropertyDescriptor(value, key);
        queue.push(found.value, found.get, found.set);
      }
    }
    // An object may still have a field that is called like an inherited one: `row.constructor = 1`.
    for (const [prototype, names] of [[Object.prototype, ["constructor", "toString", "valueOf", "toLocaleString", "hasOwnProperty"]],
      [Error.prototype, ["name", "message", "toString"]]]) {
      for (const name of names) {
        const inherited = prototype[name];
        const get = () => inherited;
        const set = function (value) {
          if (this !== prototype) defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
        };
        defineProperty(prototype, name, { get: Object.freeze(get), set: Object.freeze(set), enumerable: false, configurable: false });
      }
    }
    // Their setters keep what they are given inside of the engine.
    delete Error.prepareStackTrace;
    delete Error.stackTraceLimit;
    for (const value of seen) if (value !== globalThis) Object.freeze(value);
    for (const key of Reflect.ownKeys(globalThis)) {
      const found = Object.getOwnPropertyDescriptor(globalThis, key);
      defineProperty(globalThis, key, "value" in found ? { writable: false, configurable: false } : { set: undefined, configurable: false });
    }
    baseline = new Set(Reflect.ownKeys(globalThis));
  };
  // Whether everything that a batch left behind is gone.
  const swept = () => {
    scope.shared = scope.perItem = {};
    scope.items = [];
    scope.made = scope.left = undefined;
    loaded.luxon.Settings.resetCaches();
    for (const key of Reflect.ownKeys(globalThis)) if (!baseline.has(key) && !Reflect.deleteProperty(globalThis, key)) return false;
    return Object.getPrototypeOf(globalThis) === Object.prototype;
  };

  return (request, text) => {
    request = parse(request);
    if (request.harden) return void harden();
    if (request.poll) return part("code").poll();
    scope.single = request.mode !== "all-items";
    open(text);
    if (request.code) return void part("code").start(request, { turnTo, big, message, lazy });
    const result = evaluate(request.evaluate);
    return [...result, swept(), "}"].join("");
  };
})()
