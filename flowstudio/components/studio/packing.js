// The form in which steps are on the clipboard.

const KIND = "steps";

export const pack = (selection) => JSON.stringify({ flowstudio: KIND, ...selection });

const isText = (value) => typeof value === "string";
const isTable = (value) => value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value));
const missingOr = (fits, value) => value === undefined || value === null || fits(value);

/** Whether a node has the form that the canvas draws: texts on the clipboard come from anywhere. */
function usable(node) {
  const { id, type, position, data } = node ?? {};
  if (![id, type].every((text) => isText(text) && text) || !isTable(position) || !isTable(data)) return false;
  const { label, notes, pinned, properties, settings, credentials } = data ?? {};
  return [position?.x, position?.y].every((place) => place === undefined || Number.isFinite(place))
    && [label, notes].every((text) => missingOr(isText, text)) && missingOr(Array.isArray, pinned)
    && [properties, settings, credentials].every(isTable);
}

const linked = (edge) => isText(edge?.source) && isText(edge.target) && [edge.sourceHandle, edge.targetHandle].every((port) => missingOr(isText, port));

/** Whether a value has the form that `pack` gives. */
export function isPacked({ flowstudio, nodes, edges = [] }) {
  return flowstudio === KIND && Array.isArray(nodes) && nodes.every(usable) && Array.isArray(edges) && edges.every(linked);
}
