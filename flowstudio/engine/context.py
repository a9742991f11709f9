"""What a node gets besides its items and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar

from flowstudio.engine.events import Scope, StreamKind
from flowstudio.engine.item import Item, Json
from flowstudio.engine.step import Steps
from flowstudio.engine.store import Binaries, Evaluator, Vault, Workflows
from flowstudio.errors import ConfigurationError
from flowstudio.redaction import Secrets

T = TypeVar("T")

Mode: TypeAlias = Literal[
    "manual", "trigger", "webhook", "schedule", "chat", "api", "cli", "sub-workflow", "error", "retry"
]
"""What started an execution."""


@dataclass(frozen=True, slots=True)
class Host:
    """The outside world of all executions of a process."""

    evaluator: Evaluator
    binaries: Binaries
    workflows: Workflows
    vault: Vault
    services: Mapping[type, object] = field(default_factory=dict)
    """Concrete services that nodes ask for by class: the sandbox, the outbound HTTP client, …"""
    timezone: str = "UTC"
    variables: Json = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that the admin lets expressions read."""
    public_url: str = ""
    secrets: Secrets = field(default_factory=Secrets)
    """Those that the execution opened; a node that is given one at run time, such as a token, adds it with `learn`."""


@dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """The execution that a node runs in."""

    id: str
    mode: Mode
    workflow_id: str | None
    workflow_name: str
    started_at: datetime
    timezone: str = "UTC"
    depth: int = 0
    """How many sub-workflow calls led here."""
    active: bool = False
    """Whether the workflow was switched on when the execution began."""


@dataclass(frozen=True, slots=True)
class Context:
    """One try of one node run."""

    execution: ExecutionInfo
    host: Host
    node: str
    label: str
    scope: Scope
    attempt: int
    resumed: Json | None = None
    """What woke the execution when the node had suspended it: `{}` for time, else the call's data."""
    suspended_until: datetime | None = None
    """The time that the node had asked for when it suspended the execution."""
    outputs: frozenset[str] = frozenset()
    """Output ports that have edges."""
    print: Callable[[str], None] = lambda text: None
    """Adds to the node's log, live."""
    respond: Callable[[dict[str, Any]], None] = lambda response: None
    """Answers the caller of the webhook: `{status, headers, body | json | binary}`; the first answer counts."""
    scope_data: Callable[[], Json] = dict
    """The scope of expressions (`shared` values of the sandbox) for user code that sees other nodes."""
    item_data: Callable[[], Json] = dict
    """What expressions see of each input item besides its json (`per_item` values of the sandbox), for user code."""
    items: Callable[[], Sequence[Item]] = tuple
    """All items that arrived at the first input, for nodes that treat each by itself."""
    spend: Callable[[Mapping[str, float]], None] = lambda usage: None
    """Adds to what the node run consumed, such as `{"input_tokens": 12}`."""
    steps: Steps = field(default_factory=Steps)
    """Notes what happens within the try: turns of models, calls of tools."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Static data of this execution, by what it belongs to; shared by its node runs, which add to it."""
    notes: dict[str, str] = field(default_factory=dict)
    """What code notes about this execution; shared likewise."""
    stream: Callable[[str, StreamKind, int], None] = lambda text, kind, item: None
    """Tells more words of the answer to an input item to whoever watches."""

    @property
    def idempotency_key(self) -> str:
        """The same for every try and after a crash: hand it to services that support it."""
        return "/".join((self.execution.id, self.node, *self.scope))

    def use(self, service: type[T]) -> T:
        """A service of this installation, by its class."""
        found = self.host.services.get(service)
        if not isinstance(found, service):
            raise ConfigurationError(f"{service.__name__} is not available in this installation.")
        return found
