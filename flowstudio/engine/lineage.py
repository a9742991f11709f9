"""What has run so far, and where items came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowstudio.engine.events import Scope
from flowstudio.engine.item import Item, Pair, Ports
from flowstudio.engine.outcome import InputReference, Outcome


@dataclass(frozen=True, slots=True)
class Source:
    """One item of one output port of one node run."""

    node: str
    scope: Scope
    port: str
    index: int


@dataclass(slots=True)
class Trace:
    """The decided node runs of an execution, by node and scope. Grows only; the newest run of a node comes last."""

    _runs: dict[tuple[str, Scope], Outcome] = field(default_factory=dict)
    _scopes: dict[str, list[Scope]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    """Static data that code has left, by what it belongs to."""
    notes: dict[str, str] = field(default_factory=dict)
    """What code has noted about the execution."""
    final: set[tuple[str, Scope]] = field(default_factory=set)
    """Iterations of loops, by loop and scope, after which no batch was left."""

    def add(self, outcome: Outcome) -> None:
        """Remember a decided node run."""
        if outcome.key not in self._runs:
            self._scopes.setdefault(outcome.node, []).append(outcome.scope)
        self._runs[outcome.key] = outcome

    def run(self, node: str, scope: Scope) -> Outcome | None:
        """The run of a node in exactly this scope."""
        return self._runs.get((node, scope))

    def visible(self, node: str, scope: Scope) -> Outcome | None:
        """The run of a node that another one in `scope` sees.

        The one of the same scope, else of the nearest enclosing one, else the newest of the loops inside.
        """
        scopes = self._scopes.get(node)
        if not scopes:
            return None
        for length in range(len(scope), -1, -1):
            found = self._runs.get((node, scope[:length]))
            if found is not None:
                return found
        for inner in reversed(scopes):
            if inner[: len(scope)] == scope:
                return self._runs[node, inner]
        return None

    def count(self, node: str) -> int:
        """How often a node has run."""
        return len(self._scopes.get(node, ()))

    def scopes(self, node: str) -> Sequence[Scope]:
        """The scopes in which a node has run."""
        return self._scopes.get(node, ())

    def nodes(self) -> Iterator[str]:
        """The nodes that have run."""
        return iter(self._scopes)

    def ancestor(self, references: Sequence[InputReference], pair: Pair, node: str) -> Source | None:
        """The item of `node` that an input item descends from, if that is known.

        `references` are those of the node run that the input belongs to; `pair` is the item's place in it.
        """
        todo = [(references, pair)]
        seen: set[Source] = set()
        while todo:
            references, pair = todo.pop()
            source = locate(references, pair)
            if source is None or source in seen:
                continue
            if source.node == node:
                return source
            seen.add(source)
            run = self._runs.get((source.node, source.scope))
            if run is None:
                continue
            items = run.outputs.get(source.port, ())
            if source.index < len(items):
                todo.extend((run.inputs, parent) for parent in reversed(items[source.index].paired_item))
        return None


def locate(references: Sequence[InputReference], pair: Pair) -> Source | None:
    """Which output item stands at a place of an input."""
    index = pair.index
    for reference in references:
        if reference.port != pair.port:
            continue
        if index < reference.count:
            return Source(reference.node, reference.scope, reference.source_port, index)
        index -= reference.count
    return None


def placed(items: Sequence[Item], port: str) -> list[Item]:
    """Items as a node gets them: their `paired_item` is their own place in the input."""
    return [
        item if item.paired_item == (own := (Pair(i, port),)) else Item(item.json, item.binary, own)
        for i, item in enumerate(items)
    ]


def paired(outputs: Ports, inputs: Ports) -> Ports:
    """Outputs of a node that treats all items at once, paired where that is certain."""
    certain = len(inputs) == 1
    port, items = next(iter(inputs.items())) if certain else ("", [])
    return {name: _paired(made, port, len(items) if certain else 0) for name, made in outputs.items()}


def _paired(made: Sequence[Item], port: str, count: int) -> list[Item]:
    if all(item.paired_item for item in made) or (count != 1 and count != len(made)):
        return list(made)
    return [
        item if item.paired_item else item.paired_with(0 if count == 1 else i, port)
        for i, item in enumerate(made)
    ]
