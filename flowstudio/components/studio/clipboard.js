// Steps on the system clipboard, as JSON that other tabs, files and people can take.
import { post } from "./api.js";
import { isPacked } from "./packing.js";

function parse(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const drawn = ({ nodes, edges = [] }) => ({
  nodes: nodes.map((node) => ({ data: {}, ...node, position: { x: 0, y: 0, ...node.position } })), edges,
});

/** What a text holds: `{nodes, edges, remarks}`, or null when it is no workflow. Foreign formats are read by the server. */
export async function read(text) {
  const value = parse(text);
  if (!value || typeof value !== "object") return null;
  if (isPacked(value)) return { ...drawn(value), remarks: [] };
  if (!Array.isArray(value) && !Array.isArray(value.nodes)) return null;
  const { documents } = await post("/workflows/read/", { text });
  const nodes = [], edges = [], remarks = [];
  for (const [index, { document, remarks: said = [] }] of documents.entries()) {
    const own = drawn(document);
    const name = (id) => (documents.length > 1 ? `${index}:${id}` : id);
    nodes.push(...own.nodes.map((node) => ({ ...node, id: name(node.id) })));
    edges.push(...own.edges.map((edge) => ({ ...edge, source: name(edge.source), target: name(edge.target) })));
    remarks.push(...said);
  }
  return { nodes, edges, remarks };
}

/** The same nodes with their upper left corner at a point. */
export function placed({ nodes, edges }, at) {
  const left = Math.min(...nodes.map((node) => node.position.x)), top = Math.min(...nodes.map((node) => node.position.y));
  return { edges, nodes: nodes.map((node) => ({ ...node, position: { x: Math.round(node.position.x - left + at.x), y: Math.round(node.position.y - top + at.y) } })) };
}

/** Write to the system clipboard outside of a copy event; works without a secure origin too. */
export async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text, style: "position:fixed;opacity:0" });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
