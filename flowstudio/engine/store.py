"""What the engine needs from outside, as protocols. Storage, services and tests implement them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from flowstudio.engine.events import Event
from flowstudio.engine.item import Binary, Item, Json
from flowstudio.engine.outcome import Outcome, Rest


class Journal(Protocol):
    """The durable log of one execution, held under a lease with a fencing number."""

    async def append(self, outcomes: Sequence[Outcome], rest: Rest | None = None) -> None:
        """Store the outcomes and, if given, how the execution came to rest, in one transaction.

        Returns when they are durable. Raises `LeaseLost` when another runner owns the execution: nothing was stored.
        """


class Emit(Protocol):
    """Where events go. Must not block and must not raise."""

    def __call__(self, event: Event, /) -> None:
        """Hand over one event."""


class Subscription(Protocol):
    """Events of one execution, from the moment of subscribing until `close`."""

    lagged: bool
    """Events were dropped because the subscriber was slow; it should read the state anew."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """The subscription itself."""

    async def __anext__(self) -> Event:
        """The next event; waits for it."""

    def drain(self) -> list[Event]:
        """What has arrived and was not read yet; does not wait."""

    def close(self) -> None:
        """Stop listening."""


class Bus(Protocol):
    """Live events between the engine and whoever watches; may cross processes, so nothing may rely on shared memory."""

    def publish(self, event: Event) -> None:
        """Tell all subscribers of the event's execution. Never blocks."""

    def subscribe(self, execution: str) -> Subscription:
        """Listen to one execution from now on."""


@runtime_checkable
class CellFailure(Protocol):
    """What stands in for the value of an expression that failed."""

    @property
    def message(self) -> str:
        """What went wrong."""


class Evaluator(Protocol):
    """Evaluates expression templates in the JavaScript cage."""

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
        """Values as `[item][template]`; a cell that failed holds a `CellFailure`."""


class Binaries(Protocol):
    """Files by content."""

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        """Store bytes (once for equal content)."""

    async def get(self, binary: Binary) -> bytes:
        """Read bytes. Raises `NotFound`."""


class Workflows(Protocol):
    """Runs another workflow as part of this execution."""

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        """Start a sub-workflow and give back the items of its last node (none when not waiting).

        `workflow` is an id, or a whole document as JSON text, which then runs without credentials.
        `key` makes the call idempotent: a resumed parent finds the execution that it had started.
        """


class Vault(Protocol):
    """Credentials for nodes."""

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        """The decrypted fields of a credential of one of the types, its slug as `type`, its own as `id` if it is stored.

        Raises `CredentialError`.

        An empty `credential` asks for one that was passed along with this run.
        """
