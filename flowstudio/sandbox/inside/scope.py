"""The names that user code in Python sees, and the way its results go back to JSON."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any, cast

_DEPTH = 200


class Record(dict[str, Any]):
    """A JSON object whose keys can be read and written as attributes too: `item.json.name`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no field {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def to_py(self) -> Record:
        """Itself: code that was written for Pyodide asks for Python's own objects so."""
        return self

    def __delattr__(self, name: str) -> None:
        self.pop(name, None)


def _records(value: Any) -> Any:
    if isinstance(value, dict):
        return Record((key, _records(part)) for key, part in value.items())
    if isinstance(value, list):
        return [_records(part) for part in value]
    return value


class Notes:
    """`_execution.customData`: what code notes about the execution."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._notes = dict(known)

    def set(self, name: str, value: Any) -> None:
        """Note something."""
        self._notes[str(name)[:50]] = str(value)[:512]

    def setAll(self, values: Mapping[str, Any]) -> None:
        """Note several things."""
        for name, value in values.items():
            self.set(name, value)

    def get(self, name: str) -> str | None:
        """What was noted under a name."""
        return self._notes.get(name)

    def getAll(self) -> dict[str, str]:
        """All of it."""
        return dict(self._notes)


class Items:
    """A node's items: `.all()`, `.first()`, `.last()`, `.item`."""

    def __init__(self, items: list[Record], params: Any, index: int | None = None) -> None:
        self._items = items
        self._index = index
        self.params = params

    def all(self) -> list[Record]:
        """Every item."""
        return self._items

    def first(self) -> Record | None:
        """The first item, or None."""
        return self._items[0] if self._items else None

    def last(self) -> Record | None:
        """The last item, or None."""
        return self._items[-1] if self._items else None

    @property
    def item(self) -> Record:
        """The item in turn."""
        if self._index is None:
            raise RuntimeError("there is no current item when the code runs once for all items")
        return self._items[self._index]


class Node(Items):
    """The items of another node: `_("Node name")`."""

    def __init__(
        self,
        label: str,
        data: Mapping[str, Any],
        items: list[Record],
        paired: Sequence[int | None] | None,
        index: int | None,
    ) -> None:
        super().__init__(items, data.get("params") or {}, index)
        self._label = label
        self._paired = paired
        self.isExecuted = bool(data.get("executed", True))

    def itemMatching(self, index: int) -> Record:
        """The item that the input item at an index came from."""
        found = self._paired[index] if self._paired is not None and index < len(self._paired) else None
        if found is None and len(self._items) == 1:
            found = 0
        if found is None or not 0 <= found < len(self._items):
            raise LookupError(
                f"no item of {self._label!r} belongs to input item {index}; use .first() or .all()"
            )
        return self._items[found]

    @property
    def item(self) -> Record:
        """The item that the item in turn came from."""
        return self.itemMatching(self._index or 0)


class Scope:
    """The scope of one run, from the data of the request."""

    def __init__(self, data: Mapping[str, Any], *, attributes: bool) -> None:
        """`attributes` makes nested objects readable by attribute too."""
        self._convert = _records if attributes else lambda value: value
        self._shared = cast(Mapping[str, Any], data.get("shared") or {})
        self._per_item = cast(Mapping[str, Any], data.get("per_item") or {})
        binary = self._per_item.get("binary") or []
        self._items = [self._item(json) for json in data["items"]]
        for item, files in zip(self._items, binary, strict=False):
            if files:
                item["binary"] = files
        self._nodes: dict[str, list[Record]] = {}
        self._index: int | None = None
        static = self._shared.get("static") or {}
        self._kept = {kind: _records(static.get(kind) or {}) for kind in ("global", "node")}
        self._notes = Notes(self._shared.get("customData") or {})

    def left(self) -> dict[str, Any]:
        """What code keeps for later, and its notes about the execution."""
        return {"kept": self._kept, "notes": self._notes.getAll()}

    def _static(self, kind: str = "global") -> Record:
        return cast(Record, self._kept["node" if kind == "node" else "global"])

    def _item(self, json: Any) -> Record:
        return Record(json=self._convert(json))

    def _node(self, label: str) -> Node:
        nodes = self._shared.get("nodes") or {}
        if label not in nodes:
            raise LookupError(f"there is no node {label!r} before this one")
        data = nodes[label]
        if not data.get("executed", True):
            raise LookupError(f"node {label!r} has not run")
        if label not in self._nodes:
            self._nodes[label] = [self._item(json) for json in data.get("items") or []]
        paired = (self._per_item.get("paired") or {}).get(label)
        return Node(label, data, self._nodes[label], paired, self._index)

    def names(self) -> dict[str, Any]:
        """What every run sees."""
        shared = self._shared
        zone = _zone(shared.get("timezone"))
        now = shared.get("now")
        today = datetime.datetime.fromisoformat(now).astimezone(zone) if now else datetime.datetime.now(zone)
        return {
            "items": self._items,
            "_items": self._items,
            "_input": Items(self._items, shared.get("params") or {}),
            "_": self._node,
            "_node": _Nodes(self._node),
            "_execution": Record({**(shared.get("execution") or {}), "customData": self._notes}),
            "_getWorkflowStaticData": self._static,
            "_workflow": Record(shared.get("workflow") or {}),
            "_vars": Record(shared.get("vars") or {}),
            "_env": Record(shared.get("env") or {}),
            "_runIndex": shared.get("runIndex", 0),
            "_prevNode": _records(shared.get("prevNode") or {}),
            "_now": today,
            "_today": today.replace(hour=0, minute=0, second=0, microsecond=0),
        }

    def names_of(self, index: int) -> dict[str, Any]:
        """What the run for one item sees besides."""
        self._index = index
        item = self._items[index]
        return {
            "item": item,
            "_item": item,
            "_json": item["json"],
            "_binary": item.get("binary") or {},
            "_itemIndex": index,
            "_input": Items(self._items, self._shared.get("params") or {}, index),
        }


class _Nodes:
    """`_node["Label"]`."""

    def __init__(self, find: Any) -> None:
        self._find = find

    def __getitem__(self, label: str) -> Record:
        node = self._find(label)
        return cast(Record, node.item if node._index is not None else node.first())


def _zone(name: str | None) -> datetime.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ImportError, ValueError, OSError):  # no such zone
        return datetime.UTC


def encode(value: Any) -> str:
    """A result as JSON. Raises `TypeError` that names what JSON cannot carry."""
    try:
        return json.dumps(value, default=_other, allow_nan=False)
    except ValueError:  # not a number, or nested in itself
        return json.dumps(portable(value))


def _other(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(
        f"a value of type {type(value).__name__} cannot be part of an item; turn it into text, numbers, lists or dicts"
    )


def portable(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it. Raises `TypeError` that names the type JSON cannot carry."""
    if depth > _DEPTH:
        raise ValueError(f"the result is nested more than {_DEPTH} levels deep, or contains itself")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): portable(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [portable(part, depth + 1) for part in value]
    return portable(_other(value), depth + 1)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(json.loads(json.dumps({key: 0})).popitem()[0])
