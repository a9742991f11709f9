"""Shapes of executions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.api.models.common import Shape, View
from flowstudio.api.models.workflows import NodePorts, StoredDocument
from flowstudio.engine.context import Mode
from flowstudio.engine.events import ExecutionStatus

LONGEST_WAIT = 3600.0
"""Seconds for which a call may wait for an execution."""

NodeId = Annotated[str, Field(min_length=1, max_length=200, examples=["2"])]
Row = dict[str, Any]


class Execute(Shape):
    """How to execute a workflow."""

    trigger_data: Annotated[
        Any,
        Field(
            description="What the trigger brings: an object, a list of objects, or nothing.",
            examples=[{"name": "Ada"}],
        ),
    ] = None
    trigger_node: NodeId | None = None
    """The trigger to start from; missing: the workflow's first."""
    credentials: Annotated[
        dict[str, str],
        Field(
            description="Credentials for this run alone, for nodes in which none is chosen: the type and the field as name. They are kept encrypted until the run is over.",
            examples=[{"openai_api_key": "sk-…"}],
        ),
    ] = Field(default_factory=dict)
    wait: bool = True
    """Answer when the execution has finished; else at once."""
    timeout: Annotated[float, Field(gt=0, le=LONGEST_WAIT)] = 300.0
    """Seconds to wait. After that the answer is 202 and the execution goes on."""
    until: NodeId | None = None
    """Run no further than this node."""
    pinned: bool = False
    """Let pinned items stand in for their nodes' outputs."""


class ExecuteNode(Shape):
    """How to execute one node."""

    node_id: NodeId
    input_data: Annotated[
        list[Row] | dict[str, list[Row]] | None,
        Field(description="Items' json, for the first input or by input port.", examples=[[{"name": "Ada"}]]),
    ] = None
    execution_id: Annotated[str, Field(max_length=64)] | None = None
    """Take what the node was fed in this execution."""
    onward: bool = False
    """Go on with what follows the node. What the execution holds before it is taken over as it is."""
    wait: bool = True
    """Answer when the execution has finished; else at once."""
    timeout: Annotated[float, Field(gt=0, le=LONGEST_WAIT)] = 300.0
    """Seconds to wait for it."""


class Retry(Shape):
    """How to run a finished execution again."""

    from_node: NodeId | None = None
    """Keep what was decided before this node; missing: before the node that failed."""
    version: Literal["original", "current"] = "original"
    """The workflow as it ran, or as it is now."""


class DeleteExecutions(Shape):
    """Which executions to delete."""

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=1000)]


class Failure(View):
    """Why something failed."""

    code: str
    message: str
    node: str | None = None
    item: int | None = None
    detail: Any = None


class NodeState(View):
    """What a node of an execution has come to."""

    label: str | None = None
    status: Literal["running", "waiting", "success", "error", "skipped", "cancelled"]
    items: dict[str, int]
    """Items per output port."""
    error: Failure | None
    started_at: datetime | None
    finished_at: datetime | None
    milliseconds: float | None
    runs: int
    """How often it ran: more than once within loops."""


class ExecutionSummaryView(View):
    """An execution in a list."""

    id: str
    workflow_id: str | None
    workflow_name: str
    workflow_version: int | None = None
    """Which version of the workflow ran; null for a document that was not stored."""
    status: ExecutionStatus
    mode: Mode
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    wake_at: datetime | None
    error: Failure | None
    parent_id: str | None
    retry_of: str | None
    data_dropped: bool
    """Its items were not kept."""


class ExecutionPage(View):
    """Part of the list of executions, newest first."""

    items: list[ExecutionSummaryView]
    next_cursor: str | None
    """Pass it as `cursor` for the next part; null at the end."""


class ExecutionView(ExecutionSummaryView):
    """An execution with the states of its nodes."""

    node_states: dict[str, NodeState]
    data: list[Row] | None = None
    """The json of the last node's items, in answers to `execute`."""
    chat_response: str | None = None
    """What a workflow that a chat message starts has said, in answers to `execute`."""


class ExecutionAnswer(View):
    """One execution."""

    execution: ExecutionView


class ExecutionWithDocument(ExecutionView):
    """An execution with what ran."""

    document: StoredDocument
    ports: dict[str, NodePorts]
    """Of nodes whose parameters give them other ports than their type has, by node id."""


class FullExecutionAnswer(View):
    """One execution, with the workflow's document as it ran."""

    execution: ExecutionWithDocument


class NodeExecutionAnswer(View):
    """The execution of one node, and what came out."""

    execution: ExecutionView
    outputs: dict[str, list[Row]]


Usage = Annotated[
    dict[str, float],
    Field(
        description="What was consumed: `input_tokens`, `output_tokens`, `cached_tokens`, `reasoning_tokens`, `model_calls`, `cost` (US dollars).",
        examples=[{"input_tokens": 120, "output_tokens": 40, "cost": 0.0012}],
    ),
]


class StepOutline(View):
    """Something that happened within a try of a node: a turn of a model, a call of a tool."""

    number: int
    """Counts within the try."""
    parent: int | None
    """The step that it is part of."""
    kind: Literal["model", "tool", "memory", "embedder", "retriever", "message", "http"]
    name: str
    node: str
    """The sub-node that did it, or the node itself."""
    started_at: datetime
    milliseconds: float | None
    usage: Usage
    error: str | None


class StepView(StepOutline):
    """A step with what went in and came out; long values are cut."""

    input: Any
    output: Any


class NodeRunView(View):
    """One try of a node."""

    node: str
    scope: list[str]
    """The loop iterations that it belongs to, outermost first."""
    attempt: int
    status: Literal["started", "retrying", "waiting", "success", "error"]
    items: dict[str, int]
    error: Failure | None
    stdout: str
    usage: Usage
    steps: list[StepView]
    started_at: datetime
    finished_at: datetime
    milliseconds: float


class LogEntry(View):
    """One try of a node in the run log."""

    node: str
    scope: list[str]
    """The loop iterations that it belongs to, outermost first."""
    attempt: int
    status: Literal["started", "retrying", "waiting", "success", "error"]
    items: dict[str, int]
    """Items per output port."""
    received: int
    """Items that went in."""
    steps: list[StepOutline]
    """What happened within it."""
    printed: bool
    """Whether it printed something."""
    error: Failure | None
    started_at: datetime
    finished_at: datetime
    milliseconds: float
    wake_at: datetime | None
    """When a waiting node goes on by itself."""


class StartedExecution(ExecutionSummaryView):
    """An execution that another one started."""

    node: str | None
    """The node that called it; null for an error workflow."""
    scope: list[str]


class RunLogAnswer(View):
    """Part of the run log of an execution, in order."""

    runs: list[LogEntry]
    position: str | None
    """Pass it as `after` for what follows."""
    more: bool
    """Whether more is known to follow."""
    children: list[StartedExecution]
    labels: dict[str, str] | None = None
    """Names of the nodes, in the first part."""


class ExecutionTotals(View):
    """How many executions there are of each status."""

    queued: int
    running: int
    waiting: int
    success: int
    error: int
    cancelled: int


class BinaryView(View):
    """A file of an item."""

    file_name: str
    mime_type: str
    size: int


class PairView(View):
    """A place in a node's input."""

    port: str
    index: int


class ItemView(View):
    """An item."""

    json_: Annotated[Row, Field(alias="json")]
    binary: dict[str, BinaryView] | None = None
    paired: list[PairView] | None = None
    """The items of the node's input that it came from, when asked for."""
    index: int | None = None
    """Its place among all items of the port, in answers to a search."""


class Items(View):
    """Part of the items of a port."""

    items: list[ItemView]
    total: int
    found: int | None = None
    """How many items a search found."""


class NodeDataAnswer(View):
    """The runs of a node, and the items of one of them."""

    runs: list[NodeRunView]
    scope: list[str]
    attempt: int | None
    outputs: dict[str, Items]
    inputs: dict[str, Items]


class Deleted(View):
    """How many executions are gone."""

    deleted: int
