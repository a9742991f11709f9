"""What goes into the storage and comes out of it. Frozen; times are UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import Connection

from flowstudio.engine.context import Mode
from flowstudio.engine.events import ErrorInfo, ExecutionStatus, Scope
from flowstudio.engine.item import Item, Json
from flowstudio.engine.outcome import InputReference, Outcome, OutcomeStatus
from flowstudio.engine.workflow import Queue
from flowstudio.storage.codec import encode
from flowstudio.storage.ids import new_id

LogPosition: TypeAlias = tuple[int, int]
"""Where an entry of an execution's log stands: fence and number."""

Role: TypeAlias = Literal["owner", "admin", "editor", "viewer"]
KeyScope: TypeAlias = Literal["full", "edit", "run", "read", "metrics"]
LinkPurpose: TypeAlias = Literal["invitation", "password"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it is stored: bytes under the hash of their content. Keep it to spare hashing the document again."""

    hash: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, document: Json) -> Snapshot:
        """Of a document's JSON. Raises `InvalidRequest` for what JSON cannot hold."""
        data = encode(document)
        try:
            content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            content = data
        return cls(sha256(content).hexdigest(), data)


@dataclass(frozen=True, kw_only=True)
class NewExecution:
    """An execution to be stored.

    With `status="running"` its creator runs it: `owner` holds it for `lease_seconds`, under fence 1, unless the limit
    makes it wait its turn (see `Created.status`).
    """

    id: str = field(default_factory=new_id)
    workflow_id: str | None = None
    workflow_name: str = ""
    workflow_version: int | None = None
    """The number of the document in the workflow's history; None for a document that is not stored."""
    document: Json | Snapshot = field(repr=False)
    mode: Mode
    status: Literal["queued", "running"] = "queued"
    owner: str | None = None
    lease_seconds: float = 30.0
    start_node: str | None = None
    start_items: Sequence[Item] = ()
    """What to start with when no outcome of a trigger holds it."""
    outcomes: Sequence[Outcome] = ()
    """What is decided already: the trigger's outcome."""
    until_node: str | None = None
    """Run no further than this node."""
    only_node: str | None = None
    """Run this node alone."""
    parent_id: str | None = None
    depth: int = 0
    call_key: str | None = None
    """Makes creating idempotent: one execution per key."""
    retry_of: str | None = None
    options: Json = field(default_factory=dict)
    secrets: Callable[[Connection], str] | None = field(default=None, repr=False)
    """Encrypts the credentials that came along, with the key that is in use when they are stored."""
    limit: int | None = None
    """How many executions of the workflow may run at the same time."""
    queue: Queue = "default"
    """How soon it should run where several processes share the work."""
    due: tuple[str, datetime] | None = None
    """The Schedule node that starts it, and the moment: it is created once the schedule has not been seen beyond that."""


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a `NewExecution`."""

    id: str
    """Of the execution that has the call key: perhaps an earlier one."""
    is_new: bool
    status: ExecutionStatus
    fence: int
    """1 when the creator runs it, else 0."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run an execution. `fence` goes to `journal`."""

    fence: int
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a runner still owns, and which of it should be cancelled."""

    owned: frozenset[str]
    cancel_requested: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class ExecutionSummary:
    """An execution without its data."""

    id: str
    workflow_id: str | None
    workflow_name: str
    snapshot: str
    mode: Mode
    status: ExecutionStatus
    error: ErrorInfo | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    wake_at: datetime | None
    start_node: str | None
    last_node: str | None
    until_node: str | None
    only_node: str | None
    parent_id: str | None
    depth: int
    retry_of: str | None
    options: Json
    cancel_requested: bool
    data_dropped: bool
    """The save policy removed the items."""
    workflow_version: int | None


@dataclass(frozen=True, kw_only=True)
class StoredExecution(ExecutionSummary):
    """An execution as a runner needs it."""

    document: Json = field(repr=False)
    """The snapshot of the workflow's document. Shared: never mutate it."""
    start_items: tuple[Item, ...] = field(repr=False)
    limit: int | None
    fence: int
    owner: str | None


@dataclass(frozen=True, kw_only=True)
class ExecutionFilter:
    """Which executions to list. `cursor` is the id of the last one seen."""

    workflow_id: str | None = None
    status: ExecutionStatus | None = None
    mode: Mode | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSession:
    """A conversation of an agent."""

    id: str
    workflow_id: str
    workflow_name: str
    name: str
    """The session's id as the chat has it."""
    title: str
    """How it began."""
    messages: int
    collection: str
    """Where its memories are found by meaning; empty: nowhere."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """Something that was said in a conversation."""

    number: int
    """Counts within the session, from 1."""
    role: str
    """`user` or `assistant`."""
    text: str
    created_at: datetime


ThreadKind: TypeAlias = Literal["panel", "public", "api"]
"""Where a chat takes place: in the editor, on the workflow's public page, or through the API."""
TurnStatus: TypeAlias = Literal["running", "waiting", "success", "error", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatThread:
    """A chat as people see it."""

    id: str
    workflow_id: str
    name: str
    """The session's id as the workflow has it."""
    kind: ThreadKind
    owner: str
    """Whose it is: a person's id, or what is known of a visitor."""
    title: str
    """How it began."""
    turns: int
    """The number of the last turn."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTurn:
    """A message and the answers to it."""

    thread_id: str
    number: int
    """Counts within the chat, from 1."""
    execution_id: str
    skipped: int
    """Messages that the execution had said before: it asked for this one."""
    asked: Json = field(repr=False)
    """`{text, files}`."""
    said: Json | None = field(repr=False)
    """`{messages: [{text, files}], error}`; None while it is not known."""
    status: TurnStatus
    rating: int
    """1 for good, -1 for bad, 0 for neither."""
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NodeRun:
    """One try of a node, without its items."""

    node: str
    scope: Scope
    attempt: int
    status: OutcomeStatus
    items: Mapping[str, int]
    """Items per output port."""
    size: int
    """Bytes of the outputs, before compression."""
    error: ErrorInfo | None
    inputs: tuple[InputReference, ...]
    usage: Json
    stdout: str
    steps: tuple[Json, ...]
    """What happened within the try; see `engine.step`."""
    response: dict[str, Any] | None
    wake_at: datetime | None
    started_at: datetime
    finished_at: datetime

    @property
    def milliseconds(self) -> float:
        """How long the try took."""
        return (self.finished_at - self.started_at).total_seconds() * 1000


@dataclass(frozen=True, slots=True)
class Resumption:
    """A call that wakes a node run."""

    node: str
    scope: Scope
    data: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a clean-up removed."""

    executions: int
    snapshots: int
    binaries: int


@dataclass(frozen=True, slots=True)
class WebhookRoute:
    """An address of an active workflow."""

    method: str
    path: str
    workflow_id: str
    node_id: str


@dataclass(frozen=True, kw_only=True)
class WorkflowSummary:
    """A workflow without its document."""

    id: str
    name: str
    active: bool
    version: int
    """The draft's number."""
    snapshot: str
    published_version: int | None
    """The version that triggers run."""
    published_snapshot: str | None
    deleted_at: datetime | None
    """Since when it is hidden."""
    tags: tuple[str, ...]
    outline: Json
    """What lists show of the document, as whoever stored it computed: node count, trigger types …"""
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    updated_by: str | None

    @property
    def has_unpublished(self) -> bool:
        """Whether the draft is not what is published; True when nothing is."""
        return self.snapshot != self.published_snapshot


@dataclass(frozen=True, kw_only=True)
class WorkflowRecord(WorkflowSummary):
    """A workflow."""

    document: Json = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class WorkflowVersion:
    """An entry of a workflow's history."""

    workflow_id: str
    number: int
    snapshot: str
    author: str | None
    """Id of the user; None for the command line."""
    author_name: str | None
    """None when there is no such user any more."""
    at: datetime
    note: str
    published_at: datetime | None
    """When it was last published."""


@dataclass(frozen=True, kw_only=True)
class EditBatch:
    """An entry of the log of edits: operations that were applied together."""

    version: int
    """The draft's number after it."""
    id: str
    """As its sender called it."""
    client: str
    author: str | None
    author_name: str | None
    operations: Sequence[Json] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class User:
    """An account."""

    id: str
    email: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Session:
    """A sign-in of a browser."""

    token_hash: str = field(repr=False)
    user_id: str
    created_at: datetime
    expires_at: datetime
    client: str = ""
    """The address that it came from."""
    agent: str = ""
    """What the browser calls itself."""


@dataclass(frozen=True, kw_only=True)
class AccountLink:
    """A link that lets somebody in, once. The token in it is not stored."""

    id: str
    token_hash: str = field(repr=False)
    purpose: LinkPurpose
    role: Role | None
    """Of the account that an invitation makes."""
    email: str
    """Whom it is for; an invitation without one is for whoever has it."""
    user_id: str | None
    """Whose password it sets."""
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key for programs; the key itself is not stored."""

    id: str
    name: str
    prefix: str
    """The first characters, to tell keys apart."""
    key_hash: str = field(repr=False)
    user_id: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    scope: KeyScope = "full"
    """What it may do of what its person may."""


@dataclass(frozen=True, kw_only=True)
class CredentialRecord:
    """A credential without its values."""

    id: str
    name: str
    type: str
    owner_id: str | None
    created_at: datetime
    updated_at: datetime
    usable_by: Role = "editor"
    """The least role that may use it."""
    editable_by: Role = "admin"
    """The least role that may change it."""
    ends_at: datetime | None = None
    """When a person says that it ends."""
    connection: Json | None = None
    """How signing in elsewhere stands: `{connected_at, ends_at, renewable, problem}`, times as ISO texts."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in elsewhere that somebody began."""

    credential_id: str
    sealed: str


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Something that somebody did."""

    id: str
    at: datetime
    actor_id: str | None
    """The account; None for the command line and for people who are not signed in."""
    actor: str
    """The account's e-mail address at the time."""
    via: str
    """`session`, `api_key`, `cli`, or empty for nobody."""
    client: str
    """The address that the request came from."""
    action: str
    """Such as `workflow.published`: what kind of thing, and what was done to it."""
    subject_id: str | None
    subject: str
    """The name of the thing at the time."""
    detail: Json


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which entries to list. `action` is a whole action or a kind; `cursor` is the id of the last one seen."""

    action: str | None = None
    actor_id: str | None = None
    search: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 100
