"""What a node makes of its items, over as many tries as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from flowstudio.engine.clock import Clock
from flowstudio.engine.context import Context
from flowstudio.engine.failure import FINAL, failure_of
from flowstudio.engine.instances import instances
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.lineage import paired
from flowstudio.engine.node import ERROR_PORT, BatchNode, ItemNode, LoopNode, Node
from flowstudio.engine.plan import PlanNode
from flowstudio.engine.portable import require_json
from flowstudio.engine.view import View
from flowstudio.errors import NodeError, message_of


@dataclass(slots=True)
class Work:
    """The items of one node run.

    Invariant: an item of an `ItemNode` is in at most one of `done` and `failed`; what is done is not done again by a
    later try.
    """

    node: PlanNode
    inputs: Ports
    clock: Clock
    failed: dict[int, Exception] = field(default_factory=dict)
    """Item index -> failure, of an `ItemNode`."""
    outputs: Ports = field(default_factory=dict)
    """What a `BatchNode` made."""
    batches: list[list[Item]] = field(default_factory=list)
    """What a `LoopNode` made of its input."""
    _done: dict[int, Ports] = field(default_factory=dict)
    _instances: list[Node | Exception] | None = None

    @property
    def each(self) -> bool:
        """Whether each item is treated by itself."""
        return self.node.kind == "item"

    @property
    def port(self) -> str:
        """The input that parameters are resolved with."""
        return next(iter(self.inputs), "main")

    @property
    def items(self) -> list[Item]:
        """What arrived there."""
        return self.inputs.get(self.port, [])

    async def do(self, view: View, context: Context) -> None:
        """One try. Failures of single items are kept; what concerns all of them is raised."""
        if self._instances is None:
            self._instances = await instances(view, first_only=not self.each)
        if self.each:
            await self._each(self._instances, context)
            return
        first = self._instances[0]
        match first:
            case Exception():
                raise first
            case BatchNode():
                outputs = await first.run(self.inputs, context)
                known = {id(item.json) for items in self.inputs.values() for item in items}
                self.outputs = paired(self._accept(outputs, known), self.inputs)
            case LoopNode():
                self.batches = [list(batch) for batch in first.rounds(self.inputs) if batch]
            case _:
                raise NodeError(f"'{self.node.label}' cannot run by itself; it belongs into a slot.")

    def fail_rest(self, failure: Exception) -> None:
        """A failure of the whole try: every item that is not done shares it."""
        if self.each:
            for index in range(len(self.items)):
                if index not in self._done:
                    self.failed.setdefault(index, failure)

    def deciding_failure(self) -> Exception | None:
        """Of the items' failures the one that decides whether to try again: one that another try may mend.

        The first, when it stops the execution anyway.
        """
        ordered = [self.failed[index] for index in sorted(self.failed)]
        if not ordered or self.node.settings.on_error == "stop":
            return next(iter(ordered), None)
        return next((failure for failure in ordered if not isinstance(failure, FINAL)), ordered[0])

    def result(self, failure: Exception | None) -> Ports:
        """The outputs, with failures as the data that `on_error` makes of them."""
        port = self._failure_port()
        outputs: Ports = {}
        if self.each:
            for index in range(len(self.items)):
                if index in self._done:
                    for name, items in self._done[index].items():
                        outputs.setdefault(name, []).extend(items)
                elif index in self.failed and port is not None:
                    outputs.setdefault(port, []).append(
                        self._as_failed(self.items[index], self.failed[index])
                    )
        elif failure is None:
            outputs = self.outputs
        elif port is not None:
            outputs = {port: [self._as_failed(item, failure) for item in self.items or [Item({})]]}
        if self.node.settings.always_output and self.node.outputs and not any(outputs.values()):
            outputs = {self.node.outputs[0]: [Item({})]}
        return outputs

    async def _each(self, made: Sequence[Node | Exception], context: Context) -> None:
        first = next((instance for instance in made if isinstance(instance, ItemNode)), None)
        pace = type(first).pace(first) if first is not None else None
        at_once, pause = (max(1, pace.at_once), pace.pause) if pace is not None else (1, 0.0)
        self.failed = {i: failure for i, failure in self.failed.items() if isinstance(failure, FINAL)}
        todo = [i for i in range(len(self.items)) if i not in self._done and i not in self.failed]
        for begin in range(0, len(todo), at_once):
            if begin and pause:
                await self.clock.sleep(pause)
            indexes = todo[begin : begin + at_once]
            if len(indexes) == 1:
                await self._one(indexes[0], made, context)
            else:
                async with asyncio.TaskGroup() as group:
                    for index in indexes:
                        group.create_task(self._one(index, made, context))
            if self.failed and self.node.settings.on_error == "stop":
                return

    async def _one(self, index: int, made: Sequence[Node | Exception], context: Context) -> None:
        instance = made[index]
        if isinstance(instance, ItemNode):
            work = self._treat(index, instance, context)
            failure = await failure_of(work, self.node.label, self.node.type.type)
            if failure is not None:
                self.failed[index] = failure
        elif isinstance(instance, Exception):
            self.failed[index] = instance

    async def _treat(self, index: int, instance: ItemNode, context: Context) -> None:
        item = self.items[index]
        outputs = self._accept(await instance.run(item, context), {id(item.json)})
        self._done[index] = {
            port: [
                made
                if made.paired_item == item.paired_item
                else Item(made.json, made.binary, item.paired_item)
                for made in items
            ]
            for port, items in outputs.items()
        }

    def _accept(self, outputs: Ports, known: set[int]) -> Ports:
        """Check what a node gave out; data that came in (`known`, by identity) is known to be right."""
        for port, items in outputs.items():
            if port not in self.node.outputs:
                raise NodeError(
                    f"'{self.node.label}' gave items to an output '{port}', which it does not have."
                )
            if new := [item.json for item in items if id(item.json) not in known]:
                require_json(new)
        return outputs

    def _failure_port(self) -> str | None:
        if self.node.settings.on_error == "error_output":
            return ERROR_PORT
        return self.node.outputs[0] if self.node.outputs else None

    def _as_failed(self, item: Item, failure: Exception) -> Item:
        """An item that failed, as data."""
        message = message_of(failure)
        if self.node.settings.on_error == "error_output":
            return item.with_json({**item.json, "error": message})
        return Item({"error": message}, None, item.paired_item)
