"""What the tries that are under way have told so far, for whoever begins to watch in the middle of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from flowstudio.engine.events import Event, NodeFinished, NodeStreamed, Scope, StepChanged, StreamKind

Place: TypeAlias = tuple[str, Scope]


class Doings:
    """Of one execution. Invariant: only tries that have not ended are in it; words are those since the last `discard`."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        """`events` are what has been told so far, such as another process's `events()`."""
        self._steps: dict[Place, dict[int, StepChanged]] = {}
        self._words: dict[Place, dict[tuple[int, StreamKind], list[NodeStreamed]]] = {}
        for event in events:
            self.note(event)

    def note(self, event: Event) -> None:
        """Follow an event."""
        match event:
            case NodeStreamed():
                place = (event.node, event.scope)
                if event.kind == "discard":
                    self._words.pop(place, None)
                elif event.kind != "message":
                    said = self._words.setdefault(place, {})
                    said.setdefault((event.item, event.kind), []).append(event)
            case StepChanged():
                place = (event.node, event.scope)
                self._steps.setdefault(place, {})[event.step["number"]] = event
                if event.step["kind"] == "model" and event.step["milliseconds"] is None:
                    self._words.pop(place, None)
            case NodeFinished():
                self._steps.pop((event.node, event.scope), None)
                self._words.pop((event.node, event.scope), None)

    def steps(self) -> list[StepChanged]:
        """The steps, as they are now."""
        return [step for steps in self._steps.values() for step in steps.values()]

    def words(self) -> list[NodeStreamed]:
        """The words; those of one answer follow each other."""
        return [piece for said in self._words.values() for pieces in said.values() for piece in pieces]

    def events(self) -> list[Event]:
        """All of it, as few events: the steps, then the words of each answer in one piece."""
        words = [pieces for said in self._words.values() for pieces in said.values()]
        joined = [replace(pieces[-1], text="".join(piece.text for piece in pieces)) for pieces in words]
        return [*self.steps(), *joined]
