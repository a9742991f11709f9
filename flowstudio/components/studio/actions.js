// What can be done on the canvas, by name: keys, menus, tool bars and the command palette all call these.
import { useMemo } from "react";
import { toast } from "sonner";
import { count, t } from "../texts/texts.js";
import { placed, read, write } from "./clipboard.js";
import { uid } from "./document.js";
import { addition, noteAddition, onlyEnd, usedPorts } from "./edits.js";
import { GRID, freePlace } from "./geometry.js";
import { differs, tidy } from "./layout.js";
import { pack } from "./packing.js";
import { togglePins } from "./pins.js";
import { directionOf } from "./shortcuts.js";
import { walk } from "./walking.js";

export const FIT = { padding: 0.16, maxZoom: 1.1 };
const STEPS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const SHIFT = 48; // by which the store moves what is pasted
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const quick = (duration) => (calm() ? 0 : duration);

/** `show` opens the overlays; `context` is the studio's; `pointer` says where the mouse was last. */
export function useActions({ store, flow, wrapper, context, mayEdit, open, run, signals, show, pointer }) {
  return useMemo(() => {
    const selected = () => store.snapshot.nodes.filter((node) => node.selected);
    const steps = () => selected().filter((node) => !node.annotation);
    const one = () => (selected().length === 1 ? selected()[0] : null);
    const picked = (ids) => (ids ? ids.map((id) => store.node(id)).filter(Boolean) : selected());
    const focusNode = (id) => requestAnimationFrame(() => wrapper.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }));
    const center = () => {
      const box = wrapper.current.getBoundingClientRect();
      return flow.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
    };

    /** Bring a node into sight, if it is not. */
    const reveal = (id, { always = false, zoom = flow.getZoom() } = {}) => {
      const node = store.node(id);
      if (!node) return;
      const box = wrapper.current.getBoundingClientRect();
      const { x, y } = flow.flowToScreenPosition(node.position);
      const right = x + node.measured.width * flow.getZoom(), bottom = y + node.measured.height * flow.getZoom();
      if (!always && x >= box.left && y >= box.top + 40 && right <= box.right && bottom <= box.bottom) return;
      flow.setCenter(node.position.x + node.measured.width / 2, node.position.y + node.measured.height / 2, { zoom, duration: quick(200) });
    };
    const go = (id, options) => {
      store.select([id]);
      reveal(id, options);
      focusNode(id);
    };

    const add = (slug, at = {}) => {
      const { id, operations } = addition(store, slug, { center: center(), ...at }, uid);
      store.apply(operations);
      store.select([id]);
      const type = store.catalogue.type(slug);
      requestAnimationFrame(() => reveal(id));
      if (type.annotation) signals.writing.set(id);
      else if (type.fields?.length || type.credentials?.length) open(id, { fresh: true });
      else focusNode(id);
      return id;
    };
    /** The palette for what comes next: behind the selected step, or the only one that nothing follows; else anywhere. */
    const addNext = () => {
      const { edges } = store.snapshot;
      const from = steps().length ? one() : onlyEnd(store.snapshot);
      const outputs = from?.ports.outputs ?? [];
      const used = usedPorts(store.snapshot.nodes, edges).get(from?.id);
      const port = (outputs.find(({ id }) => !used?.has(`out/${id}`)) ?? outputs[0])?.id;
      show({ kind: "palette", at: port && !from.ports.sub ? { after: from.id, port } : {} });
    };

    const toggle = (ids) => {
      const nodes = picked(ids).filter((node) => !node.annotation);
      if (!nodes.length) return;
      const off = nodes.some((node) => !node.data.disabled);
      store.apply(nodes.map((node) => ({ kind: "set", node: node.id, path: ["disabled"], ...(off && { value: true }) })));
    };
    const remove = (ids) => {
      const nodes = picked(ids);
      const edges = ids ? [] : store.snapshot.edges.filter((edge) => edge.selected);
      if (nodes.length || edges.length) store.remove(nodes.map((node) => node.id), edges.map((edge) => edge.id));
      wrapper.current?.focus({ preventScroll: true });
    };
    const taken = (ids) => {
      if (!ids) return store.selection();
      store.select(ids);
      return store.selection();
    };
    const duplicate = (ids) => {
      const selection = taken(ids);
      if (!selection.nodes.length) return;
      const nodes = selected();
      const left = Math.min(...nodes.map((node) => node.position.x)), top = Math.min(...nodes.map((node) => node.position.y));
      const width = Math.max(...nodes.map((node) => node.position.x + node.measured.width)) - left;
      const height = Math.max(...nodes.map((node) => node.position.y + node.measured.height)) - top;
      const at = freePlace(store.snapshot.nodes, { x: left, y: top + height + GRID * 3 }, [width, height]);
      store.paste(placed(selection, { x: at.x - SHIFT, y: at.y - SHIFT }));
      if (selected().length) requestAnimationFrame(() => { reveal(selected()[0].id); focusNode(selected()[0].id); });
    };
    const copy = async (ids) => {
      const selection = taken(ids);
      if (!selection.nodes.length) return;
      await write(pack(selection));
      toast(count(selection.nodes.length, "canvas.copied_one", "canvas.copied"));
    };
    const paste = async (text) => {
      let clip;
      try {
        clip = await read(text);
      } catch (error) {
        return void toast.error(error.message);
      }
      if (!clip?.nodes.length) return;
      const at = pointer() ?? center();
      store.paste(placed(clip, { x: at.x - SHIFT, y: at.y - SHIFT }));
      if (clip.remarks.length) toast.warning(t("canvas.pasted_remarks", { count: clip.nodes.length }), { description: clip.remarks.map((remark) => remark.message).slice(0, 6).join("\n"), duration: 12_000 });
      else toast(count(clip.nodes.length, "canvas.pasted_one", "canvas.pasted"));
    };

    const pin = (ids) => togglePins(store, context.runs, picked(ids).map((node) => node.id));
    const note = () => {
      const { id, operations } = noteAddition(store, center(), uid, "");
      store.apply(operations);
      store.select([id]);
      requestAnimationFrame(() => reveal(id));
      signals.writing.set(id);
    };
    const layout = async () => {
      const { nodes, edges } = store.snapshot;
      const to = await tidy(nodes, edges);
      const moved = nodes.filter((node) => to[node.id] && differs(node, to[node.id])).map((node) => [node.id, to[node.id]]);
      if (moved.length) store.move(Object.fromEntries(moved));
      requestAnimationFrame(() => flow.fitView({ ...FIT, duration: quick(250) }));
    };

    const walking = (event, extend) => {
      const { nodes, edges } = store.snapshot;
      const focused = document.activeElement?.closest?.(".react-flow__node")?.dataset.id;
      const chosen = selected();
      const from = chosen.some((node) => node.id === focused) ? focused : chosen.at(-1)?.id;
      const to = walk(nodes, edges, from, directionOf(event));
      if (!to) return;
      store.select(extend ? [...chosen.map((node) => node.id), to] : [to]);
      reveal(to);
      focusNode(to);
    };
    const nudge = (event) => {
      const [x, y] = STEPS[directionOf(event)];
      const nodes = selected();
      if (nodes.length) store.apply([{ kind: "move", to: Object.fromEntries(nodes.map((node) => [node.id, { x: node.position.x + x * GRID, y: node.position.y + y * GRID }])) }], { merge: `nudge/${nodes.map((node) => node.id).join()}` });
    };
    const resize = (event) => {
      const [x, y] = STEPS[directionOf(event)];
      const notes = selected().filter((node) => node.annotation);
      const operations = notes.flatMap((node) => [
        x && { kind: "set", node: node.id, path: ["properties", "width"], value: Math.max(80, node.measured.width + x * GRID) },
        y && { kind: "set", node: node.id, path: ["properties", "height"], value: Math.max(48, node.measured.height + y * GRID) },
      ].filter(Boolean));
      if (operations.length) store.apply(operations, { merge: `resize/${notes.map((node) => node.id).join()}` });
    };
    const menu = () => {
      const nodes = selected();
      const element = nodes.length && wrapper.current.querySelector(`.react-flow__node[data-id="${CSS.escape(nodes.at(-1).id)}"]`);
      const box = (element || wrapper.current).getBoundingClientRect();
      show({ kind: "menu", ids: nodes.map((node) => node.id), x: element ? box.left + 24 : box.left + box.width / 2, y: element ? box.bottom - 8 : box.top + box.height / 3 });
    };
    const openOne = (id = one()?.id) => {
      const node = id && store.node(id);
      if (!node) return;
      if (!node.annotation) open(id);
      else if (mayEdit) signals.writing.set(id);
    };
    const close = () => {
      if (selected().length) store.select([]);
      else store.edgesChanged(store.snapshot.edges.filter((edge) => edge.selected).map((edge) => ({ id: edge.id, type: "select", selected: false })));
      wrapper.current?.focus({ preventScroll: true });
    };

    return {
      go, reveal, focusNode, addAt: add, paste, center, steps,
      commands: () => show({ kind: "commands" }),
      search: () => show({ kind: "search" }),
      sheet: () => show({ kind: "sheet" }),
      run: () => run?.(),
      talk: () => context.talk?.(),
      runTo: context.start && ((id) => context.start({ until: id })),
      undo: () => store.undo(), redo: () => store.redo(),
      add: addNext,
      addLoose: () => show({ kind: "palette", at: {} }),
      connect: (ids) => { const node = ids ? store.node(ids[0]) : one(); if (node && !node.annotation) show({ kind: "connect", id: node.id }); },
      note, tidy: layout, open: openOne, close,
      rename: (ids) => { const node = ids ? store.node(ids[0]) : one(); if (node && !node.annotation) { reveal(node.id); signals.renaming.set(node.id); } },
      remark: (ids) => { const node = ids ? store.node(ids[0]) : one(); if (node) show({ kind: "remark", id: node.id }); },
      toggle, pin, duplicate, copy, delete: remove, menu,
      cut: async (ids) => { await copy(ids); remove(ids); },
      select_all: () => store.selectAll(),
      fit: () => flow.fitView({ ...FIT, duration: quick(250) }),
      reset: () => flow.zoomTo(1, { duration: quick(150) }),
      zoom_in: () => flow.zoomIn({ duration: quick(150) }), zoom_out: () => flow.zoomOut({ duration: quick(150) }),
      walk: (_, event) => walking(event, false), extend: (_, event) => walking(event, true),
      nudge: (_, event) => nudge(event), resize: (_, event) => resize(event),
    };
  }, [store, flow, wrapper, context, mayEdit, open, run, signals, show, pointer]);
}
