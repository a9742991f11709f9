// The picture of a workflow's canvas, drawn from its document.
import { useMemo } from "react";
import { t } from "../texts/texts.js";
import { sizeOf } from "../studio/geometry.js";
import { TILE, lines, outline } from "./outline.js";

export function Picture({ document, ports = {}, catalogue, names = false }) {
  const { tiles, links, box } = useMemo(() => outline(document, {
    names, sizeOf, portsOf: (node) => catalogue.ports(node.type, node.data, ports[node.id]),
  }), [document, ports, catalogue, names]);
  const label = t("templates.picture", { steps: tiles.map((tile) => tile.name || catalogue.type(tile.type).label).join(", ") });
  return (
    <svg className="fs-picture" viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`} style={{ maxWidth: box.width * 1.1, minWidth: names ? Math.min(box.width * 0.8, 560) : undefined }} role="img" aria-label={label}>
      {links.map((link) => <path key={link.id} d={link.path} className="fs-picture-link" />)}
      {tiles.map((tile) => <Tile key={tile.id} tile={tile} catalogue={catalogue} names={names} />)}
    </svg>
  );
}

function Tile({ tile, catalogue, names }) {
  const Icon = catalogue.icon(tile.type);
  const trigger = catalogue.type(tile.type).trigger;
  const half = TILE / 2;
  return (
    <g style={{ "--fs-type": catalogue.color(tile.type) }} className={tile.disabled ? "is-disabled" : undefined}>
      <rect x={tile.x - half} y={tile.y - half} width={TILE} height={TILE} rx={trigger ? half : 13} className="fs-picture-tile" />
      <Icon x={tile.x - 12} y={tile.y - 12} width={24} height={24} className="fs-picture-icon" aria-hidden="true" />
      {names && lines(tile.name || catalogue.type(tile.type).label).map((line, index) => (
        <text key={index} x={tile.x} y={tile.y + half + 15 + index * 13} className="fs-picture-name">{line}</text>
      ))}
    </g>
  );
}
