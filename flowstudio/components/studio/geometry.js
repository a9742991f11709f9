// Sizes and places of nodes. Known before anything is drawn, so that React Flow need not measure.
const WIDTH = 216;
const LABELLED = 48; // more for a side that names its ports
const HEIGHT = 64;
const ROW = 26; // height that one of several ports needs
const HANDLE = 12;
const SLOT = 92; // width that the name of one slot needs
const SLOTS = 32; // height of the line of slot names
const SUB = [208, 52]; // a node that fills a slot
export const GRID = 16;
export const AFTER = 112; // from one card to the next
export const BELOW = 96; // from a card to what fills its slots

export function sizeOf({ inputs, outputs, slots = [], sub, size }) {
  if (size) return size;
  const rows = Math.max(inputs.length, outputs.length);
  const height = sub ? SUB[1] : Math.max(HEIGHT, rows > 2 ? rows * ROW + 18 : HEIGHT);
  const width = sub ? SUB[0] : WIDTH + (namesPorts(inputs) ? LABELLED : 0) + (namesPorts(outputs) ? LABELLED : 0);
  return [Math.max(width, slots.length * SLOT), Math.ceil(height / 2) * 2 + (slots.length ? SLOTS : 0)];
}

/** Whether a side shows the names of its ports: where there is a choice. */
export const namesPorts = (ports) => ports.length > 1;

/** Where port number `index` of `count` sits on a side, as a fraction of its length. */
export const portAt = (index, count) => (index + 1) / (count + 1);

/** Where slot number `index` of `count` sits on the lower side: in the middle of its share, so that names have room. */
export const slotAt = (index, count) => (index + 0.5) / count;

export function handlesOf({ inputs, outputs, slots = [], sub }, width, height) {
  const square = { width: HANDLE, height: HANDLE };
  const beside = (ports, type, position, x) => ports.map((port, index) => ({
    id: port.id, type, position, x: x - HANDLE / 2, y: height * portAt(index, ports.length) - HANDLE / 2, ...square,
  }));
  const along = (ports, type, position, y) => ports.map((port, index) => ({
    id: port.id, type, position, x: width * slotAt(index, ports.length) - HANDLE / 2, y: y - HANDLE / 2, ...square,
  }));
  return [
    ...beside(inputs, "target", "left", 0),
    ...(sub ? along(outputs, "source", "top", 0) : beside(outputs, "source", "right", width)),
    ...along(slots, "target", "bottom", height),
  ];
}

/** What React Flow has to know of a node before it is drawn. Notes lie behind everything. */
export function shapeOf(ports) {
  const [width, height] = sizeOf(ports);
  const annotation = Boolean(ports.size);
  return {
    type: annotation ? "note" : "step", annotation, zIndex: annotation ? -1 : 0, ports,
    style: { width, height }, measured: { width, height }, handles: handlesOf(ports, width, height),
  };
}

export const snap = (value) => Math.round(value / GRID) * GRID;

/** Documents written by hand carry no positions: everything sits on one spot. */
export const needsTidying = (nodes) =>
  nodes.length > 1 && nodes.every((node) => node.position.x === nodes[0].position.x && node.position.y === nodes[0].position.y);

const overlaps = (a, b, gap) => a.x < b.x + b.width + gap && a.x + a.width + gap > b.x && a.y < b.y + b.height + gap && a.y + a.height + gap > b.y;
const boxOf = (node) => ({ ...node.position, width: node.measured.width, height: node.measured.height });

/** The nearest free place for something of this size, looking downwards (or to the right). Notes may be covered. */
export function freePlace(nodes, spot, [width, height], { sideways = false } = {}) {
  const boxes = nodes.filter((node) => !node.annotation).map(boxOf);
  let at = { x: snap(spot.x), y: snap(spot.y) };
  const taken = () => boxes.some((box) => overlaps({ ...at, width, height }, box, GRID));
  while (taken()) at = sideways ? { x: at.x + GRID * 2, y: at.y } : { x: at.x, y: at.y + GRID * 2 };
  return at;
}

/** Where the next node goes: to the right of `from` at the height of its port, else around a point. */
export function placeFor(nodes, from, center, size = [WIDTH, HEIGHT], port = null) {
  if (!from) return freePlace(nodes, { x: center.x - size[0] / 2, y: center.y - size[1] / 2 }, size);
  const outputs = from.ports?.outputs ?? [];
  const index = Math.max(0, outputs.findIndex((output) => output.id === port));
  const aside = outputs.length > 1 ? (index - (outputs.length - 1) / 2) * (size[1] + 32) : 0;
  const y = from.position.y + (from.measured.height - size[1]) / 2 + aside;
  return freePlace(nodes, { x: from.position.x + from.measured.width + AFTER, y }, size);
}

/** Where a node goes that fills a slot: below it. */
export function placeBelow(nodes, owner, slot, size) {
  const slots = owner.ports?.slots ?? [];
  const index = Math.max(0, slots.findIndex((one) => one.id === slot));
  const x = owner.position.x + owner.measured.width * slotAt(index, slots.length || 1) - size[0] / 2;
  return freePlace(nodes, { x, y: owner.position.y + owner.measured.height + BELOW }, size, { sideways: true });
}
