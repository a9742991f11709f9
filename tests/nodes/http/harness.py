"""Runs a node alone, with the world around it in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flowstudio.engine.context import Context, ExecutionInfo, Host
from flowstudio.engine.item import Binary, Item, Json, Pair
from flowstudio.errors import CredentialError, NodeError, NotFound


class MemoryBinaries:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        digest = hashlib.sha256(data).hexdigest()
        self.files[digest] = data
        return Binary(digest, mime_type, file_name, len(data))

    async def get(self, binary: Binary) -> bytes:
        if binary.digest not in self.files:
            raise NotFound(f"There is no file '{binary.file_name}'.")
        return self.files[binary.digest]


@dataclass(frozen=True)
class Failure:
    """A failed cell."""

    message: str


class PythonEvaluator:
    """Stands in for the cage: the templates of a test are keys of a table of functions over the shared values."""

    def __init__(self, functions: Mapping[str, Callable[[Json], Any]]) -> None:
        self.functions = functions
        self.seen: list[tuple[Json, Mapping[str, Any]]] = []

    async def evaluate(
        self,
        templates: Sequence[str],
        items: Sequence[Json],
        shared: Json,
        per_item: Mapping[str, Any],
        *,
        owner: str,
        timeout: float,
    ) -> list[list[Any]]:
        self.seen.append((shared, per_item))
        return [[self._cell(template, {"$json": item, **shared}) for template in templates] for item in items]

    def _cell(self, template: str, scope: Json) -> Any:
        try:
            return self.functions[template.strip()](scope)
        except (KeyError, TypeError) as error:
            return Failure(f"cannot read {error}")


class NoWorkflows:
    """No other workflow exists."""

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        raise NodeError(f"There is no workflow '{workflow}'.")


class NoVault:
    """No credential exists."""

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        raise CredentialError(f"There is no credential '{credential}'.")


@dataclass
class World:
    """A context and what the node did with it."""

    services: Mapping[type, object] = field(default_factory=dict)
    functions: Mapping[str, Callable[[Json], Any]] = field(default_factory=dict)
    scope: Json = field(default_factory=dict)
    item_scope: Json = field(default_factory=dict)
    evaluator: Any = None
    printed: list[str] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.binaries = MemoryBinaries()
        self.evaluator = self.evaluator or PythonEvaluator(self.functions)

    @property
    def context(self) -> Context:
        host = Host(self.evaluator, self.binaries, NoWorkflows(), NoVault(), self.services)
        info = ExecutionInfo("e1", "manual", "w1", "Test", datetime(2026, 1, 1, tzinfo=UTC))
        return Context(
            info,
            host,
            "n1",
            "Node",
            (),
            1,
            print=self.printed.append,
            respond=self.responses.append,
            scope_data=lambda: self.scope,
            item_data=lambda: self.item_scope,
        )


def item(json: Json | None = None, *, index: int = 0, **binary: Binary) -> Item:
    """An input item as the engine hands it in: paired with its own position."""
    return Item(json or {}, binary or None, (Pair(index),))
