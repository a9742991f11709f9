"""The saved workflow document, as the canvas draws it.

Documents may be bare: a node needs `id` and `type`, an edge `source` and `target`. Unknown keys (the canvas library
writes some) are dropped. Older documents are migrated by `load_workflow`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from flowstudio.errors import InvalidWorkflow, Problem

SCHEMA_VERSION = 1
MAX_DEPTH = 200
"""Levels of objects and lists within each other."""
MAX_NODES = 20_000
MAX_EDGES = 100_000

Identifier = Annotated[str, Field(min_length=1, max_length=200)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Marks a whole number as JSON means it: some writers spell 5 as 5.0. Stands last, so that limits show in the schema."""


class Part(BaseModel):
    """What all parts of a document share."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, populate_by_name=True, use_attribute_docstrings=True
    )


class Position(Part):
    """Canvas coordinates, in pixels at zoom 1."""

    x: float = 0.0
    y: float = 0.0


class NodeSettings(Part):
    """How the engine treats a node, whatever its type."""

    retry: bool = False
    """Try again when the node fails with a failure that may pass."""
    max_tries: Annotated[int, Field(ge=2, le=10), WHOLE] = 3
    """Tries in all."""
    retry_wait: Annotated[float, Field(ge=0, le=3600)] = 1.0
    """Seconds before the second try; doubled for each further one."""
    timeout: Annotated[float, Field(gt=0, le=86400)] | None = None
    """Seconds that one try may take."""
    on_error: Literal["stop", "continue", "error_output"] = "stop"
    """Stop the execution, go on with the error as data, or send failed items to the error port."""
    always_output: bool = False
    """Give out one empty item where the node would give none."""
    execute_once: bool = False
    """Run for the first item only."""


class NodeData(Part):
    """The content of a node."""

    label: Annotated[str, Field(max_length=200)] | None = None
    """The name used in expressions; unique per workflow. Missing: the type's label, numbered where taken."""
    properties: dict[str, Any] = Field(default_factory=dict)
    disabled: bool = False
    """A disabled node lets its first input through to its first output."""
    notes: str = ""
    settings: NodeSettings = NodeSettings()
    credentials: dict[str, str] = Field(default_factory=dict)
    """Slot -> credential id."""
    pinned: list[dict[str, Any]] | None = None
    """Items (their json) that stand in for the node's output in runs started from the editor."""
    origin: dict[str, Any] | None = None
    """The node as the program wrote it that it was imported from, by the program's name; for giving it back unharmed."""


class NodeDocument(Part):
    """A node on the canvas."""

    id: Identifier
    type: Identifier
    position: Position = Position()
    data: NodeData = NodeData()

    @field_validator("id", mode="before")
    @classmethod
    def _number_to_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class EdgeDocument(Part):
    """A connection. A missing handle means the first port."""

    id: Identifier | None = None
    source: Identifier
    target: Identifier
    source_handle: Annotated[str | None, Field(alias="sourceHandle")] = None
    target_handle: Annotated[str | None, Field(alias="targetHandle")] = None

    @field_validator("source", "target", mode="before")
    @classmethod
    def _number_to_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Queue: TypeAlias = Literal["interactive", "default", "bulk"]
"""How soon executions run where several processes share the work: while somebody waits, soon, when nothing else is to do."""


class WorkflowSettings(Part):
    """What holds for every execution of the workflow."""

    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds that one execution may take, waits not counted."""
    concurrency: Annotated[int, Field(ge=1, le=10_000), WHOLE] | None = None
    """Executions at the same time; more of them wait their turn."""
    error_workflow: str | None = None
    """Id of the workflow that is started when an execution fails."""
    save_success: Literal["all", "none"] = "all"
    """Whether the data of successful executions is kept."""
    save_error: Literal["all", "none"] = "all"
    """Whether the data of failed executions is kept."""
    timezone: str | None = None
    """IANA name; missing: the installation's."""
    queue: Queue | None = None
    """Which executions go first when all workers are busy; missing: those that somebody waits for."""


class WorkflowDocument(Part):
    """A workflow as it is stored, exported and drawn."""

    schema_version: Annotated[int, Field(ge=1), WHOLE] = SCHEMA_VERSION
    name: Annotated[str, Field(max_length=200)] = "My workflow"
    description: str = ""
    nodes: Annotated[list[NodeDocument], Field(max_length=MAX_NODES)] = Field(default_factory=list)
    edges: Annotated[list[EdgeDocument], Field(max_length=MAX_EDGES)] = Field(default_factory=list)
    settings: WorkflowSettings = WorkflowSettings()
    tags: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)] = Field(
        default_factory=list
    )
    template: Annotated[str, Field(max_length=100)] | None = None
    """The template that it was made from; its setup checklist shows in the editor."""
    origin: dict[str, Any] | None = None
    """What the program that it was imported from keeps beside nodes and connections, by the program's name."""


def load_workflow(raw: Any) -> WorkflowDocument:
    """Read a document, of any earlier schema version too.

    Raises `InvalidWorkflow` that names every culprit by path. Checks the form only; `plan.compile_plan` checks meaning.
    """
    if not isinstance(raw, dict):
        raise InvalidWorkflow(
            [
                Problem(
                    "not_an_object", "A workflow is a JSON object with `nodes` and `edges`; this is not one."
                )
            ]
        )
    version = raw.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int | float) and version > SCHEMA_VERSION:
        raise InvalidWorkflow(
            [
                Problem(
                    "newer_schema",
                    f"This document has schema version {version}; this FlowStudio reads up to {SCHEMA_VERSION}. "
                    "Update FlowStudio.",
                    path="schema_version",
                )
            ]
        )
    wrong = unfit(raw)
    if wrong:
        raise InvalidWorkflow(wrong)
    try:
        document = WorkflowDocument.model_validate(raw)
    except ValidationError as error:
        raise InvalidWorkflow(
            [_problem(raw, e["loc"], f"{e['msg']}.") for e in error.errors(include_url=False)]
        ) from error
    twice = [id_ for id_, n in Counter(node.id for node in document.nodes).items() if n > 1]
    if twice:
        raise InvalidWorkflow(
            [
                Problem("duplicate_id", f"Two nodes have the id '{i}'; ids must be unique.", node=i)
                for i in twice
            ]
        )
    return document


def dump_workflow(document: WorkflowDocument) -> dict[str, Any]:
    """The document as JSON data, in the canvas's spelling, without what is default."""
    return document.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
        "schema_version": document.schema_version,
        "name": document.name,
        "nodes": [n.model_dump(mode="json", by_alias=True, exclude_defaults=True) for n in document.nodes],
        "edges": [e.model_dump(mode="json", by_alias=True, exclude_none=True) for e in document.edges],
    }


def _problem(raw: dict[str, Any], location: Sequence[str | int], message: str) -> Problem:
    """What is wrong at a place, in terms of the document."""
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")
    node = None
    if len(location) > 1 and location[0] == "nodes" and isinstance(location[1], int):
        entry = raw["nodes"][location[1]]
        node = str(entry["id"]) if isinstance(entry, dict) and "id" in entry else None
    culprit = f"Node '{node}', {path}" if node else path or "The document"
    return Problem("invalid_document", f"{culprit}: {message}", node=node, path=path or None)


def unfit(raw: dict[str, Any]) -> list[Problem]:
    """What cannot be stored whatever it means: texts that databases refuse, and too many levels.

    Cheap for what is right: one pass of a fast encoder, which itself refuses lone surrogates and too many levels.
    """
    try:
        if b"\\u0000" not in orjson.dumps(raw) and not _deeper(raw, MAX_DEPTH):
            return []
    except TypeError:
        pass
    problems: list[Problem] = []
    todo: list[tuple[Any, tuple[str | int, ...]]] = [(raw, ())]
    while todo:
        value, place = todo.pop()
        if isinstance(value, str):
            if (flaw := _flaw(value)) is not None:
                problems.append(_problem(raw, place, flaw))
        elif isinstance(value, dict | list) and len(place) > MAX_DEPTH:
            problems.append(
                _problem(raw, place[:6], f"it is nested more than {MAX_DEPTH} levels deep; flatten it.")
            )
        elif isinstance(value, dict):
            problems += [_problem(raw, place, f"in a key, {flaw}") for k in value if (flaw := _flaw(str(k)))]
            todo.extend((child, (*place, key)) for key, child in reversed(value.items()))
        elif isinstance(value, list):
            todo.extend((child, (*place, i)) for i, child in reversed(list(enumerate(value))))
    return problems


def _deeper(value: Any, levels: int) -> bool:
    """Whether containers are within each other on more levels. Recurses no deeper than the encoder lets data be."""
    if isinstance(value, dict):
        return levels < 0 or any(_deeper(child, levels - 1) for child in value.values())
    if isinstance(value, list):
        return levels < 0 or any(_deeper(child, levels - 1) for child in value)
    return False


def _flaw(text: str) -> str | None:
    """Why a text cannot be stored."""
    if "\0" in text:
        return "the text holds a NUL character, which databases refuse; remove it."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "the text holds half of a character (a lone surrogate); remove it."
    return None
