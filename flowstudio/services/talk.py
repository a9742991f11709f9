"""An answer as it comes: follows one execution for everybody who reads along."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowstudio.engine.events import (
    Event,
    EventsMissed,
    ExecutionFinished,
    NodeFinished,
    NodeStarted,
    NodeStreamed,
    Scope,
    StepChanged,
)
from flowstudio.engine.item import Json
from flowstudio.engine.registry import Registry
from flowstudio.engine.store import Subscription
from flowstudio.engine.wiring import labels_of
from flowstudio.engine.workflow import WorkflowDocument
from flowstudio.nodes.ai.respond_to_chat import RespondToChat
from flowstudio.services.live import LiveStates, error_json

COALESCE = 0.01
"""Seconds between two pieces of words to one reader: what comes later goes out at once, what follows more closely is gathered."""
ACTIVITIES = 300
"""Doings of nodes that are told of one answer."""
_PLAIN = re.compile(r"=\{\{\s*\$json\.(output|answer|response|text|message)\s*\}\}\s*")
"""Messages that pass on an answer as it is."""

TalkKind: TypeAlias = Literal["turn", "text", "discard", "message", "messages", "activity", "done"]


@dataclass(frozen=True, slots=True)
class Said:
    """Something that readers are told."""

    kind: TalkKind
    data: Json


class Reader:
    """Somebody who reads along; text that piles up is put together."""

    def __init__(self) -> None:
        self._waiting: deque[Said] = deque()
        self._arrived = asyncio.Event()
        self.over = False

    def put(self, said: Said) -> None:
        """Tell them."""
        last = self._waiting[-1] if self._waiting else None
        if said.kind == "text" and last is not None and last.kind == "text":
            self._waiting[-1] = Said("text", {"text": last.data["text"] + said.data["text"]})
        else:
            self._waiting.append(said)
        self._arrived.set()

    def end(self) -> None:
        """Nothing more comes."""
        self.over = True
        self._arrived.set()

    async def read(self) -> AsyncGenerator[Said]:
        """What comes, until the end."""
        clock = asyncio.get_running_loop().time
        due = 0.0
        while True:
            await self._arrived.wait()
            if (early := due - clock()) > 0:
                await asyncio.sleep(early)
            self._arrived.clear()
            while self._waiting:
                yield self._waiting.popleft()
            if self.over:
                return
            due = clock() + COALESCE


def speakers(document: WorkflowDocument) -> frozenset[str]:
    """The nodes whose words are the answer while they write: those whose output is what the chat is answered with.

    What other nodes write, such as an agent whose answer another one works on, is no business of the person's.
    """
    answering = {
        node.id
        for node in document.nodes
        if node.type == RespondToChat.type and _passes_on(node.data.properties.get("message", ""))
    }
    told = any(node.type == RespondToChat.type and not node.data.disabled for node in document.nodes)
    followed: dict[str, set[str]] = {}
    for edge in document.edges:
        followed.setdefault(edge.source, set()).add(edge.target)
    return frozenset(
        node.id
        for node in document.nodes
        if (followed.get(node.id, set()) & answering if told else not followed.get(node.id))
    )


def _passes_on(message: object) -> bool:
    return isinstance(message, str) and (not message.strip() or bool(_PLAIN.fullmatch(message)))


class Talk:
    """Invariants: `messages` are what was said since the message that is answered; `live` is what is being written and
    belongs to one node and item; after `over` nothing changes any more.
    """

    def __init__(
        self, execution: str, document: WorkflowDocument, registry: Registry, live: LiveStates
    ) -> None:
        self.execution = execution
        self.messages: list[Json] = []
        self.live = ""
        self.activities: dict[str, Json] = {}
        self.over = asyncio.Event()
        self._speakers = speakers(document)
        self._labels = labels_of(document, registry)
        self._types = {node.id: node.type for node in document.nodes}
        self._present = live
        self._waiting: deque[Event] = deque()
        self._writing: tuple[str, Scope, int] | None = None
        self._readers: set[Reader] = set()

    def join(self) -> Reader:
        """Read along from now on."""
        reader = Reader()
        self._readers.add(reader)
        if self.over.is_set():
            reader.end()
        return reader

    def leave(self, reader: Reader) -> None:
        """Read no more."""
        self._readers.discard(reader)

    async def follow(
        self,
        subscription: Subscription,
        said: Callable[[], Awaitable[list[Json]]],
        settled: Callable[[], Awaitable[Json | None]],
        *,
        begins: bool,
    ) -> None:
        """Follow the execution until it has answered.

        `said` reads the messages that are durable; `settled` notes the answer and gives the turn as it is then, or None
        when the answer is not complete. An execution that `begins` cannot have answered before anybody followed.
        """
        try:
            if (turn := None if begins else await settled()) is None:
                if not begins:
                    self._catch_up(subscription)
                async for event in self._heard(subscription):
                    self._take(event)
                    if isinstance(event, NodeFinished) and self._types.get(event.node) == RespondToChat.type:
                        self._tell_messages(await said())
                    if isinstance(event, EventsMissed) and event.lost:
                        self._tell_messages(await said())
                        self._catch_up(subscription)
                    if (
                        isinstance(event, ExecutionFinished | EventsMissed)
                        and (turn := await settled()) is not None
                    ):
                        break
            self._tell(Said("done", turn or {}))
        finally:
            subscription.close()
            self.over.set()
            for reader in self._readers:
                reader.end()

    def _catch_up(self, subscription: Subscription) -> None:
        """Tell what was written and done before; what waits of it must not be told twice."""
        self._discard()
        doings = self._present.doings(self.execution)
        self._waiting.extend(
            event
            for event in subscription.drain()
            if not isinstance(event, StepChanged | NodeStreamed) or getattr(event, "kind", "") == "message"
        )
        for event in (*doings.steps(), *doings.words()):
            self._take(event)

    async def _heard(self, subscription: Subscription) -> AsyncGenerator[Event]:
        while True:
            yield self._waiting.popleft() if self._waiting else await anext(subscription)

    def _take(self, event: Event) -> None:
        match event:
            case EventsMissed() if event.lost:
                self._discard()  # there would be holes in it
            case NodeStreamed():
                self._words(event)
            case NodeStarted():
                self._act(
                    _key(event.node, event.scope, event.attempt),
                    self._node(event.node) | {"status": "running"},
                )
            case NodeFinished():
                self._act(
                    _key(event.node, event.scope, event.attempt),
                    self._node(event.node)
                    | {
                        "status": "running" if event.will_retry else event.status,
                        "milliseconds": event.milliseconds,
                        "error": (error_json(event.error) or {}).get("message"),
                    },
                )
            case StepChanged() if event.step["kind"] != "message":
                self._step(event)

    def _discard(self) -> None:
        if self.live:
            self.live, self._writing = "", None
            self._tell(Said("discard", {}))

    def _words(self, event: NodeStreamed) -> None:
        if event.kind == "message":
            self.messages.append({"text": event.text, "files": []})
            self.live, self._writing = "", None
            self._tell(Said("message", self.messages[-1]))
        elif event.node in self._speakers and event.kind in ("text", "discard"):
            place = (event.node, event.scope, event.item)
            if self.live and (event.kind == "discard" or place != self._writing):
                self.live = ""
                self._tell(Said("discard", {}))
            self._writing = place
            if event.kind == "text" and event.text:
                self.live += event.text
                self._tell(Said("text", {"text": event.text}))

    def _tell_messages(self, messages: list[Json]) -> None:
        if messages and messages != self.messages:
            self.messages = messages
            self._tell(Said("messages", {"messages": messages}))

    def _node(self, node: str) -> Json:
        return {
            "kind": "node",
            "node": node,
            "label": self._labels.get(node, node),
            "type": self._types.get(node, ""),
        }

    def _step(self, event: StepChanged) -> None:
        step = event.step
        place = _key(event.node, event.scope, event.attempt)
        status = "running" if step["milliseconds"] is None else "error" if step["error"] else "success"
        parent = f"{place}#{step['parent']}" if step["parent"] is not None else place
        self._act(
            f"{place}#{step['number']}",
            {
                "kind": step["kind"],
                "node": step["node"] or event.node,
                "label": self._labels.get(step["node"], step["name"])
                if step["kind"] == "tool"
                else step["name"],
                "type": self._types.get(step["node"] or event.node, ""),
                "parent": parent,
                "status": status,
                "milliseconds": step["milliseconds"],
                "error": step["error"],
                "input": step["input"] if step["kind"] == "tool" else "",
                "output": step["output"] if step["kind"] == "tool" else "",
            },
        )

    def _act(self, key: str, activity: Json) -> None:
        if key in self.activities or len(self.activities) < ACTIVITIES:
            self.activities[key] = {"key": key, **activity}
            self._tell(Said("activity", self.activities[key]))

    def _tell(self, said: Said) -> None:
        for reader in self._readers:
            reader.put(said)


def _key(node: str, scope: Scope, attempt: int) -> str:
    return "/".join((node, *scope, str(attempt)))
