"""Nodes that run when they are called instead of in the flow: any node that fills the slot of another, such as a tool of an agent.

What the caller has to give is found in the parameters: `{{ $fromAI('city', 'Where to look', 'string') }}` asks for `city`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from flowstudio.engine.binding import Binding
from flowstudio.engine.context import Context
from flowstudio.engine.events import StreamKind
from flowstudio.engine.failure import failure_of
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import BatchNode, ItemNode, Node, Suspend
from flowstudio.engine.plan import PlanNode
from flowstudio.errors import NodeError, NodeTimeout, message_of

AskType: TypeAlias = Literal["string", "number", "boolean", "json"]

Make: TypeAlias = Callable[[Json, int], Awaitable[Node]]
"""Makes the instance for values that were asked for and an item's position. Raises `NodeError`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A value that a parameter wants from the caller."""

    name: str
    description: str = ""
    type: AskType = "string"
    required: bool = True


class LateNode:
    """A node in a slot, ready to be called any number of times, also at the same time."""

    def __init__(self, node: PlanNode, make: Make) -> None:
        self._node, self._make = node, make
        self.id, self.label, self.type = node.id, node.label, node.type
        self.asks: tuple[Ask, ...] = asks_of(node.binding)
        own = node.type.asked_by
        self._asked_by = own if own and not self.asks and not node.document.data.properties.get(own) else ""
        if self._asked_by:
            self.asks = (Ask(own, "What to do, in words, with everything that has to be known for it."),)

    @property
    def notes(self) -> str:
        """What the person who drew the workflow wrote about it."""
        return self._node.document.data.notes

    async def call(self, arguments: Json, item: Item, index: int, key: str, ctx: Context) -> Ports:
        """Run the node for one item of its owner, which is at `index`; `key` tells calls apart. Raises `NodeError`."""
        inside = replace(
            ctx, node=self.id, label=self.label, scope=(*ctx.scope, key), outputs=frozenset(), stream=_unheard
        )
        given: Ports = {}

        async def work() -> None:
            instance = await self._make(arguments, index)
            if self._asked_by:
                instance = instance.model_copy(
                    update={self._asked_by: str(arguments.get(self._asked_by, ""))}
                )
            match instance:
                case ItemNode():
                    given.update(await instance.run(item.paired_with(0), inside))
                case BatchNode():
                    port = self._node.inputs[0] if self._node.inputs else "main"
                    given.update(await instance.run({port: [item.paired_with(0)]}, inside))
                case _:
                    raise NodeError(f"'{self.label}' cannot be called.")

        limit = self._node.settings.timeout
        try:
            async with asyncio.timeout(limit):
                failure = await failure_of(work(), self.label, self.type.type)
        except TimeoutError:
            raise NodeTimeout(f"'{self.label}' took longer than its timeout of {limit:g} s.") from None
        except Suspend:
            raise NodeError(
                f"'{self.label}' cannot wait for long while another node is waiting for it."
            ) from None
        if failure is not None:
            raise failure if isinstance(failure, NodeError) else NodeError(message_of(failure))
        return given


def _unheard(text: str, kind: StreamKind, item: int) -> None:
    """What a called node streams is no answer of its owner."""


def asks_of(binding: Binding) -> tuple[Ask, ...]:
    """What a node's parameters ask for, each name once."""
    found: dict[str, Ask] = {}
    for template in binding.templates:
        for ask in asks_in(template.text):
            found.setdefault(ask.name, ask)
    return tuple(found.values())


_CALL = re.compile(r"\$from(?:AI|Ai|ai)\s*\(")
_TEXT = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)\s*(,|\))""", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPES: dict[str, AskType] = {"string": "string", "number": "number", "boolean": "boolean", "json": "json"}


def asks_in(code: str) -> list[Ask]:
    """The calls of `$fromAI(name, description, type, default)` in a template. Names that are not written out are left out."""
    found = []
    for call in _CALL.finditer(code):
        texts: list[str] = []
        at, more = call.end(), True
        while more and len(texts) < 3 and (text := _TEXT.match(code, at)) is not None:
            texts.append(_unescaped(next(part for part in text.groups()[:3] if part is not None)))
            at, more = text.end(), text[4] == ","
        if texts and _NAME.fullmatch(texts[0]):
            name, description, type_ = (*texts, "", "")[:3]
            # A fourth argument, of whatever kind, is a default.
            defaulted = more and len(texts) == 3 and not code[at:].lstrip().startswith(")")
            found.append(Ask(name, description, _TYPES.get(type_.lower(), "string"), not defaulted))
    return found


def _unescaped(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text, flags=re.DOTALL
    )


def schema_of(asks: Sequence[Ask]) -> Json:
    """The JSON schema of the values that are asked for."""
    kinds: dict[AskType, Json] = {
        "string": {"type": "string"},
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "json": {},
    }
    properties: dict[str, Any] = {
        ask.name: kinds[ask.type] | ({"description": ask.description} if ask.description else {})
        for ask in asks
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [ask.name for ask in asks if ask.required],
        "additionalProperties": False,
    }
