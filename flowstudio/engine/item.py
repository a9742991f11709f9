"""Items, the data that flows between nodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object: str keys; None, bool, int, float, str, list and dict values. Shared between nodes: never mutate it."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A file carried by an item; its bytes live in the binary store under `digest` (SHA-256, hex)."""

    digest: str
    mime_type: str
    file_name: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Where an item came from: the item at `index` of the input `port` of the node that made it."""

    index: int
    port: str = "main"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of data. Nodes make new items, they never change one."""

    json: Json
    binary: dict[str, Binary] | None = None
    paired_item: tuple[Pair, ...] = ()
    """Kept by the engine where a node does not say it, so that `$('Node').item` finds its ancestor."""

    def with_json(self, json: Json) -> Item:
        """The same item with other data."""
        return replace(self, json=json)

    def paired_with(self, index: int, port: str = "main") -> Item:
        """The same item as the child of one input item."""
        return Item(self.json, self.binary, (Pair(index, port),))


Ports: TypeAlias = dict[str, list[Item]]
"""Items by port id. A port that is missing or empty carries nothing: its edges are dead."""


def items_from_json(rows: Iterable[Json]) -> list[Item]:
    """Wrap plain objects."""
    return [Item(row) for row in rows]
