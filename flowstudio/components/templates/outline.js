// A workflow as a small picture: where its tiles, names and connections are. Without any DOM.
const NAMED_X = 0.27; // names need room between the tiles
const SCALE_X = 0.205;
const SCALE_Y = 0.6;
export const TILE = 52;
const MARGIN = 14;
const NAME = 34; // height of two lines of a name below a tile
const BACK = 24;
const LINE = 15; // characters of a line

/** Tiles and connections of a document. `sizeOf` and `portsOf` say how large a card is and which ports a node has. */
export function outline(document, { portsOf, sizeOf, names = false }) {
  const nodes = (document.nodes ?? []).filter((node) => node.type !== "sticky-note");
  const tiles = nodes.map((node) => {
    const ports = portsOf(node);
    const [width, height] = sizeOf(ports);
    const x = ((node.position?.x ?? 0) + width / 2) * (names ? NAMED_X : SCALE_X);
    const y = ((node.position?.y ?? 0) + height / 2) * SCALE_Y * (names ? 1.25 : 1);
    return { id: node.id, type: node.type, name: node.data?.label ?? "", disabled: Boolean(node.data?.disabled), ports, x, y };
  });
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  const links = (document.edges ?? []).flatMap((edge, index) => {
    const source = byId.get(edge.source);
    const target = byId.get(edge.target);
    return source && target ? [{ id: edge.id ?? `e${index}`, path: pathOf(source, target, edge) }] : [];
  });
  const xs = tiles.map((tile) => tile.x);
  const ys = tiles.map((tile) => tile.y);
  const side = TILE / 2 + MARGIN + (names ? 22 : 0);
  const back = links.some((link) => link.path.includes("H")) ? BACK : 0;
  const box = tiles.length
    ? { x: Math.min(...xs) - side, y: Math.min(...ys) - TILE / 2 - MARGIN, width: Math.max(...xs) - Math.min(...xs) + 2 * side,
        height: Math.max(...ys) - Math.min(...ys) + TILE + 2 * MARGIN + (names ? NAME : back) }
    : { x: 0, y: 0, width: 100, height: 60 };
  return { tiles, links, box };
}

function pathOf(source, target, edge) {
  const from = { x: source.x + TILE / 2, y: source.y + spread(source.ports.outputs, edge.sourceHandle) };
  const to = { x: target.x - TILE / 2, y: target.y + spread(target.ports.inputs, edge.targetHandle) };
  if (to.x < from.x - TILE / 2) {
    const below = Math.max(source.y, target.y) + TILE / 2 + BACK;
    return `M${from.x} ${from.y}h8V${below}H${to.x - 8}V${to.y}h8`;
  }
  const bend = Math.max(10, (to.x - from.x) / 2);
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

/** How far a port sits from the middle of its side. */
function spread(ports, handle) {
  const index = Math.max(0, ports.findIndex((port) => port.id === handle));
  return (TILE * 0.7 * (index + 1)) / (ports.length + 1) - TILE * 0.35;
}

/** A name on at most two lines. */
export function lines(name) {
  const words = name.split(" ");
  let first = words.shift() ?? "";
  while (words.length && `${first} ${words[0]}`.length <= LINE) first += ` ${words.shift()}`;
  return [first, words.join(" ")].filter(Boolean).map((line) => (line.length > LINE + 2 ? `${line.slice(0, LINE)}…` : line));
}
