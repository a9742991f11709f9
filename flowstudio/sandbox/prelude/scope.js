// $input, $('Node') and their relatives, made anew for each batch.
(host, part, scope) => () => {
  const nodeCache = {};
  const wrap = (json, binary) => binary ? { json, binary } : { json };
  const inputItem = (index) => index in scope.items ? wrapped()[index] : undefined;
  let inputCache, inputOf;
  const wrapped = () => {
    if (inputOf !== scope.items) {
      const binaries = scope.perItem.binary || [];
      inputCache = scope.items.map((json, index) => wrap(json, binaries[index]));
      inputOf = scope.items;
    }
    return inputCache;
  };
  const onlyEach = (name) => {
    if (!scope.single) throw new Error(`${name} is the current item, and there is none when the code runs once for all items`);
  };

  const $input = {
    get item() { onlyEach("$input.item"); return inputItem(scope.index); },
    first: () => inputItem(0),
    last: () => inputItem(scope.items.length - 1),
    all: () => wrapped().slice(),
    itemMatching: (index) => inputItem(index),
    get params() { return scope.shared.params || {}; },
    context: {},
  };

  const find = (label) => {
    const nodes = scope.shared.nodes || {};
    if (!Object.hasOwn(nodes, label)) throw new Error(`There is no node '${label}' before this one`);
    return nodes[label];
  };
  const itemsOf = (label) => {
    const node = find(label);
    if (node.executed === false) throw new Error(`Node '${label}' has not run`);
    return nodeCache[label] ??= (node.items || []).map((json, index) => wrap(json, (node.binary || [])[index]));
  };
  const matching = (label, index) => {
    const items = itemsOf(label), paired = scope.perItem.paired?.[label];
    const found = paired?.[index] ?? (items.length === 1 ? 0 : undefined);
    if (found === undefined || !(found in items))
      throw new Error(`No item of node '${label}' belongs to item ${index}; use .first(), .last() or .all()`);
    return items[found];
  };
  const $ = (label) => {
    find(label);
    return {
      get item() { onlyEach(`$('${label}').item`); return matching(label, scope.index); },
      first: () => itemsOf(label)[0],
      last: () => itemsOf(label).at(-1),
      all: () => itemsOf(label).slice(),
      itemMatching: (index) => matching(label, index),
      pairedItem: (index) => matching(label, index ?? scope.index),
      get params() { return find(label).params || {}; },
      get isExecuted() { return find(label).executed !== false; },
      get json() { return this.item.json; },
      context: find(label).context || {},
    };
  };
  const nodesFor = (at) => new Proxy({}, {
    get: (_, label) => {
      if (typeof label !== "string") return undefined;
      const mine = () => at !== undefined ? matching(label, at) : scope.single ? matching(label, scope.index) : itemsOf(label)[0];
      return {
        get json() { return mine()?.json; },
        get binary() { return mine()?.binary; },
        get parameter() { return find(label).params || {}; },
        get runIndex() { return find(label).runIndex || 0; },
        get context() { return find(label).context || {}; },
      };
    },
    has: (_, label) => Object.hasOwn(scope.shared.nodes || {}, label),
    ownKeys: () => Object.keys(scope.shared.nodes || {}),
  });

  const $node = nodesFor();
  const $item = (index) => ({ $node: nodesFor(index), $input: { item: inputItem(index) }, $itemIndex: index, get $json() { return inputItem(index)?.json; }, get $binary() { return inputItem(index)?.binary; } });

  // Notes of code about its execution, and what it keeps for later; code hands both back when it ends.
  const notes = scope.shared.customData || {}, kept = { global: {}, node: {}, ...scope.shared.static };
  scope.left = () => ({ notes, kept });
  const customData = {
    set: (name, value) => {
      if (value === undefined && name && typeof name === "object") return customData.setAll(name);
      notes[String(name).slice(0, 50)] = String(value).slice(0, 512);
    },
    setAll: (values) => { for (const [name, value] of Object.entries(values)) customData.set(name, String(value)); },
    get: (name) => notes[name],
    getAll: () => ({ ...notes }),
  };
  const $getWorkflowStaticData = (kind = "global") => kept[kind === "node" ? "node" : "global"];

  const $env = new Proxy({}, {
    get: (_, name) => {
      if (typeof name !== "string") return undefined;
      const allowed = scope.shared.env || {};
      if (!Object.hasOwn(allowed, name))
        throw new Error(`$env.${name} is not available: an administrator must list it in FLOWSTUDIO_ALLOW_ENV`);
      return allowed[name];
    },
    has: (_, name) => Object.hasOwn(scope.shared.env || {}, name),
    ownKeys: () => Object.keys(scope.shared.env || {}),
    getOwnPropertyDescriptor: (_, name) => Object.hasOwn(scope.shared.env || {}, name)
      ? { value: scope.shared.env[name], enumerable: true, configurable: true } : undefined,
  });

  const isEmpty = (value) => value === undefined || value === null || value === "" || Number.isNaN(value)
    || (typeof value === "object" && !(value instanceof Date) && Object.keys(value).length === 0);
  const numbers = (values) => values.flat().map(Number);
  const $jmespath = (data, query) => part("jmespath").search(data, query);
  const { shared } = scope;
  const $fromAI = (name, description, type, otherwise) => {
    if (!shared.fromAI) throw new Error("$fromAI works only in the parameters of a tool that an AI agent uses");
    if (Object.hasOwn(shared.fromAI, name)) return shared.fromAI[name];
    if (otherwise !== undefined) return otherwise;
    throw new Error(`the agent gave no value for '${name}'`);
  };
  return {
    $, $node, $env, $input, $jmespath, $jmesPath: $jmespath,
    $items: (label) => label === undefined ? $input.all() : $(label).all(),
    $item,
    get $thisItem() { return inputItem(scope.index); },
    get $position() { return scope.index; },
    $getWorkflowStaticData, getWorkflowStaticData: $getWorkflowStaticData,
    $execution: { ...shared.execution, customData },
    $workflow: shared.workflow || {},
    $vars: shared.vars || {},
    $prevNode: typeof shared.prevNode === "string" ? { name: shared.prevNode } : shared.prevNode || {},
    $runIndex: shared.runIndex || 0,
    $parameter: shared.params || {},
    $params: shared.params || {},
    $fromAI, $fromAi: $fromAI, $fromai: $fromAI,
    $if: (condition, yes, no) => condition ? yes : no,
    $ifEmpty: (value, fallback) => isEmpty(value) ? fallback : value,
    $max: (...values) => Math.max(...numbers(values)),
    $min: (...values) => Math.min(...numbers(values)),
    $average: (...values) => numbers(values).reduce((sum, value) => sum + value, 0) / numbers(values).length,
    $not: (value) => !value,
  };
}
