// The command palette, and the list of what a step can be connected to.
import { useEffect, useMemo, useState } from "react";
import { Cable, CornerDownRight, FileText, Plus, Unplug, Zap } from "lucide-react";
import { t } from "../texts/texts.js";
import { get } from "./api.js";
import { possibleConnections } from "./edits.js";
import { Finder } from "./finder.jsx";
import { SHORTCUTS, keysOf } from "./shortcuts.js";

const ON_STEPS = new Set(["open", "rename", "toggle", "pin", "duplicate", "delete", "copy", "connect"]);
const NOT_HERE = new Set(["commands", "close", "menu", "walk", "extend", "nudge", "resize", "paste", "cut"]);

/** Other workflows, asked for once. */
function useWorkflows(current) {
  const [found, setFound] = useState([]);
  useEffect(() => {
    const gone = new AbortController();
    get("/workflows/?limit=100", { signal: gone.signal })
      .then(({ items }) => setFound(items.filter((workflow) => workflow.id !== current)))
      .catch(() => {}); // the palette does without them
    return () => gone.abort();
  }, [current]);
  return found;
}

export function Commands({ store, actions, catalogue, mayEdit, current, onClose }) {
  const workflows = useWorkflows(current);
  const entries = useMemo(() => {
    const { nodes } = store.snapshot;
    const selected = nodes.some((node) => node.selected);
    const talks = nodes.some((node) => node.data.type === "when-chat-received");
    const offered = SHORTCUTS.filter(({ id, edit }) => !NOT_HERE.has(id) && (mayEdit || !edit) && (selected || !ON_STEPS.has(id)) && (id !== "run" || actions.run) && (id !== "talk" || talks));
    return [
      ...offered.map(({ id }) => ({ key: `do-${id}`, group: t("finder.actions"), label: t(`shortcuts.${id}`), icon: Zap, keys: keysOf(id), run: () => actions[id]() })),
      ...nodes.map((node) => ({
        key: `go-${node.id}`, group: t("finder.go"), label: node.annotation ? node.data.properties.text?.split("\n")[0] || store.label(node) : store.label(node),
        detail: catalogue.type(node.data.type).label, also: node.data.type, icon: CornerDownRight, run: () => actions.go(node.id, { always: true }),
      })),
      ...(mayEdit ? catalogue.types.filter((type) => type.offered !== false).map((type) => ({
        key: `add-${type.type}`, group: t("finder.add"), label: t("finder.add_type", { type: type.label }), detail: type.group, also: `${type.label} ${type.type}`, icon: Plus, run: () => (type.annotation ? actions.note() : actions.addAt(type.type)),
      })) : []),
      ...workflows.map((workflow) => ({
        key: `workflow-${workflow.id}`, group: t("finder.workflows"), label: workflow.name, icon: FileText, run: () => location.assign(`/workflows/${encodeURIComponent(workflow.id)}`),
      })),
    ];
  }, [store, actions, catalogue, mayEdit, workflows]);
  return <Finder title={t("finder.commands")} placeholder={t("finder.commands_hint")} entries={entries} onClose={onClose} empty="" />;
}

/** Connect, insert and disconnect without a pointer. */
export function Connections({ store, id, catalogue, show, onClose }) {
  const name = store.node(id) ? store.label(store.node(id)) : "";
  const entries = useMemo(() => {
    if (!store.node(id)) return [];
    const { edges } = store.snapshot;
    const own = edges.filter((edge) => edge.source === id || edge.target === id);
    const label = (one) => store.label(store.node(one));
    const fills = (edge) => store.node(edge.target).ports.slots?.some((slot) => slot.id === edge.targetHandle);
    return [
      ...possibleConnections(store, id).map((connection, index) => ({
        key: `to-${index}`, group: t("finder.connect_to"), icon: Cable, color: catalogue.color(connection.other.data.type),
        label: store.label(connection.other), detail: [connection.out && t("finder.from_port", { port: connection.out }), connection.into && t("finder.into_port", { port: connection.into })].filter(Boolean).join(" "),
        run: () => store.connect({ source: connection.source, sourceHandle: connection.sourceHandle, target: connection.target, targetHandle: connection.targetHandle }),
      })),
      ...own.filter((edge) => !fills(edge)).map((edge) => ({
        key: `in-${edge.id}`, group: t("finder.insert_between"), icon: Plus, label: t("finder.pair", { from: label(edge.source), to: label(edge.target) }),
        run: () => show({ kind: "palette", at: { edge: edge.id } }),
      })),
      ...own.map((edge) => ({
        key: `off-${edge.id}`, group: t("finder.disconnect"), icon: Unplug, label: t("finder.pair", { from: label(edge.source), to: label(edge.target) }),
        run: () => store.remove([], [edge.id]),
      })),
    ];
  }, [store, id, catalogue, show]);
  return <Finder title={t("finder.connections", { name })} placeholder={t("finder.connect_hint", { name })} entries={entries} onClose={onClose} empty={t("finder.no_connections")} />;
}
