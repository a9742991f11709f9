// Where an imported workflow goes in the open one: below everything that is there.
const GAP = 112;
const HEIGHT = 64;

/** Nodes and edges of a document, moved below the nodes on the canvas. Edges without ends are left out. */
export function below(document, present) {
  const nodes = (document.nodes ?? []).map((node) => ({ ...node, data: node.data ?? {}, position: { x: 0, y: 0, ...node.position } }));
  const ids = new Set(nodes.map((node) => node.id));
  const edges = (document.edges ?? []).filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  if (!nodes.length || !present.length) return { nodes, edges };
  const left = Math.min(...present.map((node) => node.position.x));
  const bottom = Math.max(...present.map((node) => node.position.y + (node.measured?.height ?? HEIGHT)));
  const x = left - Math.min(...nodes.map((node) => node.position.x));
  const y = bottom + GAP - Math.min(...nodes.map((node) => node.position.y));
  return { nodes: nodes.map((node) => ({ ...node, position: { x: node.position.x + x, y: node.position.y + y } })), edges };
}
