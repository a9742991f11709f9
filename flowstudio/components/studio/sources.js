// Which steps lie before and behind a step.

const isInput = (edge, inputs) => edge.targetHandle == null || inputs.some((port) => port.id === edge.targetHandle);

/** The steps whose data a step can use, nearest first: [{id, distance, port}]. `port` is the output that leads here. */
export function earlier(edges, id, inputs = []) {
  const into = new Map();
  for (const edge of edges) {
    if (edge.target === id && inputs.length && !isInput(edge, inputs)) continue;
    into.set(edge.target, [...(into.get(edge.target) ?? []), edge]);
  }
  const found = new Map();
  let level = [id];
  for (let distance = 1; level.length; distance++) {
    const next = [];
    for (const target of level) {
      for (const edge of into.get(target) ?? []) {
        if (edge.source === id || found.has(edge.source)) continue;
        found.set(edge.source, { id: edge.source, distance, port: edge.sourceHandle ?? null });
        next.push(edge.source);
      }
    }
    level = next;
  }
  return [...found.values()];
}

/** The steps that run to get to a step, itself included: nothing before a pinned one has to. */
export function toRun(edges, id, isPinned) {
  const found = new Set([id]);
  for (const one of found) {
    if (isPinned(one)) continue;
    for (const edge of edges) if (edge.target === one) found.add(edge.source); // a Set also yields what is added meanwhile
  }
  return found;
}

/** The steps right before and right behind a step. */
export function neighbours(edges, id) {
  const unique = (ids) => [...new Set(ids)].filter((other) => other !== id);
  return {
    before: unique(edges.filter((edge) => edge.target === id).map((edge) => edge.source)),
    after: unique(edges.filter((edge) => edge.source === id).map((edge) => edge.target)),
  };
}

/** Whether `$json` in a step is the item that `source` gives at `port`: it is alone on the first input. */
export function isOwnInput(edges, id, inputs, source, port) {
  const first = inputs[0]?.id;
  const main = edges.filter((edge) => edge.target === id && (edge.targetHandle == null || edge.targetHandle === first));
  return main.length === 1 && main[0].source === source && (port == null || main[0].sourceHandle == null || main[0].sourceHandle === port);
}

/** Of an input port: the only step that feeds it, if there is just one. */
export function feeder(edges, id, inputs, port) {
  const feeding = edges.filter((edge) => edge.target === id && (edge.targetHandle ?? inputs[0]?.id) === port);
  return feeding.length === 1 ? feeding[0].source : null;
}
