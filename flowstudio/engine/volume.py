"""How much one node run may take in and give out, so that a small workflow cannot eat the machine.

Branches that meet again double the items each time: twenty such diamonds make a million of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import orjson

from flowstudio.engine.item import Item
from flowstudio.errors import NodeError

MAX_ITEMS = 1_000_000
"""Items of one node run."""
MAX_BYTES = 256 * 1024 * 1024
"""Bytes of the JSON of one node run's items."""

REMEDY = "Let fewer items through before it, or work on them in batches with a Loop."


def require_number(label: str, numbers: Iterable[int]) -> None:
    """Raise `NodeError` when so many items come together that the node must not run. Cheap: ask before gathering them."""
    total = sum(numbers)
    if total > MAX_ITEMS:
        raise NodeError(
            f"'{label}' would have {total:,} items; a node takes at most {MAX_ITEMS:,}. {REMEDY}",
            detail={"items": total, "limit": MAX_ITEMS},
        )


def require_room(label: str, items: Sequence[Item]) -> None:
    """Raise `NodeError` when the same data came by several ways and is too much when it is written out.

    Data that came once was measured when its node gave it out (`portable.require_json`).
    """
    times = Counter(id(item.json) for item in items)
    if len(times) == len(items):
        return
    size = 0
    for json in {id(item.json): item.json for item in items if times[id(item.json)] > 1}.values():
        try:
            bytes_ = len(orjson.dumps(json))
        except TypeError:  # what only Python's own writer takes, such as half of a character
            bytes_ = len(repr(json))
        size += bytes_ * times[id(json)]
        require_bytes(f"'{label}' would have", size)


def require_bytes(who: str, size: int) -> None:
    """Raise `NodeError` when data is too much."""
    if size > MAX_BYTES:
        raise NodeError(
            f"{who} more than {MAX_BYTES // 1024**2} MB of data, which is the most that one node may have. {REMEDY}",
            detail={"bytes": size, "limit": MAX_BYTES},
        )
