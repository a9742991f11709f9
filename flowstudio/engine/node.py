"""The node contract: one node type is one file with one class.

The class says everything: its parameters are its pydantic fields (the string under a field is the form's help text), its
docstring is its help page, its examples are documentation and tests. See `ItemNode` for the usual shape.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, PrivateAttr

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports

ERROR_PORT = "error"
"""The extra output of a node whose `on_error` is `error_output`."""


@dataclass(frozen=True, slots=True)
class Port:
    """A place where edges end or begin. `id` is the handle in the document."""

    id: str = "main"
    label: str = ""


MAIN = (Port(),)


@dataclass(frozen=True, slots=True)
class Example:
    """A run of the node: shown in its help and executed as a test.

    `given` and `gives` hold items' json; a list means the first port.
    """

    title: str
    properties: Json
    given: list[Json] | Mapping[str, list[Json]]
    gives: list[Json] | Mapping[str, list[Json]]
    fails: str = ""
    """The message of the error that the node is expected to stop with."""
    model: tuple[str, ...] = ()
    """What the chat model says in it, turn by turn."""


@dataclass(frozen=True, slots=True)
class Group:
    """A shelf of the palette."""

    label: str
    color: str


@dataclass(frozen=True, slots=True)
class Slot:
    """Marks a field that is filled by a sub-node whose edge ends at the handle named like the field."""

    label: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """Marks a field that is filled from the vault. `types` are credential type slugs."""

    label: str
    types: tuple[str, ...]
    ambient: bool = False
    """Where none is chosen, one that came along with the run or from the environment is taken, if there is one."""


@dataclass(frozen=True, slots=True)
class Code:
    """Marks a text field that holds source code: never an expression, edited in a code editor."""

    language: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Marks a `Literal` field with the words that the form shows for its values."""

    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShowIf:
    """Marks a field that matters only while another field has one of the values."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Widget:
    """Marks a field that the form should draw in a special way: `multiline`, `json`, `url`, `cron`, `date-time`, `secret`, `workflow`, …"""

    name: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an `ItemNode` goes through its items."""

    at_once: int = 1
    pause: float = 0.0
    """Seconds between two rounds."""


class Node(BaseModel):
    """What the engine knows of a node type. Instances are validated parameters: frozen, made by the engine."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,
        defer_build=True,
    )

    type: ClassVar[str] = ""
    """Slug in documents; empty on abstract classes."""
    label: ClassVar[str] = ""
    group: ClassVar[str] = ""
    icon: ClassVar[str] = "box"
    """A lucide icon, in kebab case."""
    subtitle: ClassVar[str] = ""
    """What the card shows under the name: a template over the properties, such as `{method}: {url}`."""
    inputs: ClassVar[tuple[Port, ...]] = MAIN
    outputs: ClassVar[tuple[Port, ...]] = MAIN
    examples: ClassVar[tuple[Example, ...]] = ()
    trigger: ClassVar[bool] = False
    """Whether executions start here."""
    arms: ClassVar[bool] = False
    """Whether switching the workflow on lets something outside start it here: a webhook, a schedule, a chat."""
    annotation: ClassVar[bool] = False
    """Whether it only says something to people: it has no ports and is never part of a run."""
    shown_first: ClassVar[tuple[str, ...]] = ()
    """Parameters that the form shows before all others, in this order."""
    offered: ClassVar[bool] = True
    """Whether people may add it by hand. If not, it comes with imported workflows only."""
    asked_by: ClassVar[str] = ""
    """The parameter that whoever calls the node fills, where nothing else is asked for; for nodes that may fill slots."""
    repeatable: ClassVar[bool] = True
    """Whether the node may run again when the server died while it ran. If not, a person decides."""

    @classmethod
    def repeats(cls, properties: Mapping[str, Any]) -> bool:
        """Whether this one may, with these parameters as they are drawn."""
        return cls.repeatable

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__dict__.get("type") and not (cls.__doc__ or "").strip():
            raise TypeError(
                f"Node type '{cls.type}' ({cls.__qualname__}) needs a docstring: it is its help page."
            )

    @classmethod
    def input_ports(cls, properties: Json) -> tuple[Port, ...]:
        """Inputs of a node with these (unresolved) properties, for types whose ports depend on them."""
        return cls.inputs

    @classmethod
    def output_ports(cls, properties: Json) -> tuple[Port, ...]:
        """Outputs of a node with these (unresolved) properties."""
        return cls.outputs


class SubNode(Node):
    """A node that is part of another one, whose slot it fills. It is never run: its owner asks it for what it makes."""

    _node_id: str = PrivateAttr(default="")
    _node_label: str = PrivateAttr(default="")

    def place(self, id_: str, label: str) -> None:
        """Said by the engine: which node of the workflow this is."""
        self._node_id, self._node_label = id_, label

    @property
    def node_id(self) -> str:
        """Its id in the workflow."""
        return self._node_id

    @property
    def node_label(self) -> str:
        """Its name in the workflow."""
        return self._node_label or self.label


class TriggerNode(Node):
    """A node that starts executions. Its outputs are the items that the trigger brought."""

    trigger: ClassVar[bool] = True
    inputs: ClassVar[tuple[Port, ...]] = ()
    begins: ClassVar[tuple[str, ...]] = ()
    """Of executions in these modes, it begins those that name no trigger."""

    @classmethod
    def start_items(cls, data: Any) -> list[Item]:
        """Items for trigger data given by hand, by the API or by the CLI: an object, a list of objects or None."""
        if data is None:
            return [Item({})]
        rows = data if isinstance(data, list) else [data]
        return [Item(row if isinstance(row, dict) else {"value": row}) for row in rows]

    @classmethod
    def receive(cls, properties: Json, items: Sequence[Item]) -> Sequence[Item]:
        """What a node with these (unresolved) properties makes of the items that another workflow hands over."""
        return items


class ItemNode(Node):
    """A node that treats each item by itself: the engine makes one instance per item, parameters resolved for it.

    The engine pairs what `run` returns with the item: the `paired_item` of the item handed in is its own position, so
    items made by `with_json` are paired already. A failure belongs to the item: `on_error` decides about it alone.
    """

    @abstractmethod
    async def run(self, item: Item, ctx: Context) -> Ports:
        """Treat one item."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """How many items run at the same time; `first` is the instance of the first item."""
        return Pace()


Inputs: TypeAlias = Mapping[str, Sequence[Item]]
"""Items by input port; ports without live edges are missing."""


class BatchNode(Node):
    """A node that treats all items at once; parameters are resolved for the first item.

    The `paired_item` of the items handed in is their own position: what is passed on, or made by `with_json`, is paired
    already. Items returned without it are paired by the engine where that is certain (one input item, or as many outputs
    as inputs).
    """

    @abstractmethod
    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Treat all items."""


class LoopNode(Node):
    """The one node that may close a cycle: edges from `loop` lead, through other nodes, back to its input.

    The engine runs the body once for each batch, in an iteration scope of its own, then gives what came back to `done`.
    """

    outputs: ClassVar[tuple[Port, ...]] = (Port("done", "Done"), Port("loop", "Loop"))
    done_port: ClassVar[str] = "done"
    loop_port: ClassVar[str] = "loop"
    back_port: ClassVar[str] = "back"
    """The port of the input references under which the log keeps what came back from the iterations."""

    feeds_back: ClassVar[bool] = False
    """Whether what came back from an iteration is the batch of the next one, until nothing comes back."""
    awaits_return: ClassVar[bool] = True
    """Whether something should lead back to it."""

    def rounds(self, inputs: Inputs) -> list[list[Item]]:
        """What the iterations begin with; by default the batches of the first input."""
        return self.batches(next(iter(inputs.values()), ()))

    @abstractmethod
    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """Split the input. Must be deterministic: a resumed execution splits again."""


RunKind: TypeAlias = Literal["trigger", "item", "batch", "loop", "sub"]


class Suspend(Exception):
    """Raised by a node that waits for long: the execution is put to sleep, durably, and holds nothing meanwhile.

    The node runs again at `until` (UTC; None: never by itself) or when the execution is called, with
    `Context.resumed` set.
    """

    def __init__(self, until: Any = None, *, note: str = "") -> None:
        super().__init__(note)
        self.until = until
        self.note = note
