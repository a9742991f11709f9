// Values of expressions with real data: asked of the server while somebody types.
import { useEffect, useMemo, useRef, useState } from "react";
import { get, post } from "./api.js";
import { quote } from "./references.js";
import { useNodeState, useRun } from "./runs.js";
import { strayField } from "./stray.js";

const PAUSE = 250; // ms without a keystroke before the server is asked
const WHOLE = 300; // nodes up to which the whole document is sent
const STEPS = 25; // other steps whose data is fetched for the completion
const LONGEST = 20_000;
const FRESH = 5000; // ms for which samples are good: other steps may be changed meanwhile

/** The ids of the nodes before a node, nearest first. */
export function before(edges, id) {
  const found = new Set();
  for (let next = [id]; next.length;) {
    next = edges.filter((edge) => next.includes(edge.target) && !found.has(edge.source)).map((edge) => edge.source);
    next.forEach((source) => found.add(source));
  }
  found.delete(id);
  return [...found];
}

/** The document as far as a node's expressions can see it. */
function seenBy(store, id) {
  const document = store.document();
  if (document.nodes.length <= WHOLE) return document;
  const kept = new Set([id, ...before(document.edges, id)]);
  // Sub-nodes see what the node sees whose slot they fill.
  for (const edge of document.edges) if (edge.source === id) for (const other of [edge.target, ...before(document.edges, edge.target)]) kept.add(other);
  const nodes = document.nodes.filter((node) => kept.has(node.id)).map((node) => ({ ...node, data: { ...node.data, label: store.label(store.node(node.id)) } }));
  return { ...document, nodes, edges: document.edges.filter((edge) => kept.has(edge.source) && kept.has(edge.target)) };
}

export function evaluate(scene, texts, item, signal) {
  const { store, node, runs, scope } = scene;
  const body = { document: seenBy(store, node), node, texts, item, ...(scope && { scope }) };
  if (runs.execution?.id) body.execution_id = runs.execution.id;
  return post("/expressions/evaluate/", body, { signal });
}

/**
 * Where expressions are tried: {store, node, runs}, the item, and a stamp that changes when the data does.
 * `scope` is the loop iteration whose data they see; without it the last.
 */
export function useScene(store, node, runs, scope = null) {
  const execution = useRun(runs, (all) => all.execution?.id ?? "");
  const state = useNodeState(runs, node);
  const [item, setItem] = useState(0);
  useEffect(() => setItem(0), [execution, node, scope]);
  const stamp = `${execution}/${state?.status ?? ""}/${state?.finished_at ?? ""}`;
  return useMemo(() => {
    let world = null;
    let until = 0;
    const scene = {
      store, node, runs, scope, item, setItem, stamp,
      /** Samples of the item and of other steps' items: see completion.js. */
      world() {
        if (world && Date.now() < until) return world;
        until = Date.now() + FRESH;
        world = fetchWorld(scene).catch((error) => {
          world = null;
          throw error;
        });
        return world;
      },
      /** What an operand stands for, as completion.js has it. */
      ask: (operand) => askServer(scene, operand),
    };
    return scene;
  }, [store, node, runs, scope, item, stamp]);
}

async function fetchWorld(scene) {
  const { store, node, item } = scene;
  const ids = before(store.document().edges, node).filter((id) => store.node(id)).slice(0, STEPS);
  const labels = ids.map((id) => store.label(store.node(id)));
  const sample = (label) => `={{ (() => { try { return $(${quote(label)}).item.json } catch { return $(${quote(label)}).first()?.json } })() }}`;
  const { results } = await evaluate(scene, ["={{ $json }}", ...labels.map(sample)], item);
  const value = (result) => (result.error ? undefined : result.value ?? undefined);
  return { json: value(results[0]), nodes: labels.map((label, index) => ({ label, json: value(results[index + 1]) })) };
}

async function askServer(scene, operand) {
  const { results: [found, date] } = await evaluate(scene, [`={{ ${operand} }}`, `={{ DateTime.isDateTime(${operand}) }}`], scene.item);
  if (date.value === true) return { date: true };
  return found.error || found.value === null || found.value === undefined ? null : { value: found.value };
}

/** The value of one text while `wanted`: {items, item, value | error, cut, stray}; `busy` until the first answer is there. */
export function useEvaluation(scene, text, wanted) {
  const [answer, setAnswer] = useState(null);
  const asked = useRef(false);
  useEffect(() => {
    if (!wanted || !scene) {
      asked.current = false;
      setAnswer(null);
      return undefined;
    }
    const gone = new AbortController();
    const timer = setTimeout(() => {
      if (text.length > LONGEST) return;
      evaluate(scene, [text], scene.item, gone.signal)
        .then(async ({ results, ...rest }) => {
          const found = { ...rest, ...results[0] };
          setAnswer(found);
          const stray = !found.error && strayField(text, await scene.world());
          if (stray && !gone.signal.aborted) setAnswer({ ...found, stray });
        })
        .catch((error) => error.name !== "AbortError" && setAnswer({ items: 0, item: 0, error }));
    }, asked.current ? PAUSE : 0);
    asked.current = true;
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [scene, text, wanted]);
  return answer;
}

/** The workflows that can be chosen. */
export function useWorkflows() {
  const [options, setOptions] = useState([]);
  useEffect(() => {
    const gone = new AbortController();
    get("/workflows/?limit=200", { signal: gone.signal })
      .then((page) => setOptions(page.items.map((item) => ({ value: item.id, label: item.name }))))
      .catch(() => setOptions([]));
    return () => gone.abort();
  }, []);
  return options;
}
