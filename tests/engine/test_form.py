from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

import flowstudio.nodes
from flowstudio.engine.context import Context
from flowstudio.engine.form import describe, describe_model
from flowstudio.engine.groups import OTHER, group_of
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Code, Credential, ItemNode, Node, Port, ShowIf, Slot, Widget
from flowstudio.engine.registry import discover
from flowstudio.nodes.support.sticky_note import StickyNote

TYPES = sorted(discover(flowstudio.nodes), key=lambda cls: cls.type)
EVERY_TYPE = pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.type)


class Row(BaseModel):
    model_config = {"use_attribute_docstrings": True}

    name: str
    """What it is called."""


class Sampler(Node):
    """Shows every kind of field."""

    type = "sampler"
    label = "Sampler"
    group = "Data"
    icon = "pipette"
    outputs = (Port("kept", "Kept"),)

    model: Annotated[object, Slot("Chat model")]
    """The model that answers."""
    account: Annotated[Row | None, Credential("Account", ("basic", "bearer"))] = None
    """Who calls."""
    text: str
    """Some text."""
    long_text: Annotated[str, Widget("multiline")] = "a\nb"
    amount: Annotated[float, Field(ge=0, lt=10)] = 1.5
    count: Annotated[int | None, Field(gt=0, le=9)] = None
    send_all: bool = True
    mode: Annotated[Literal["one", "two-way"], Choice({"one": "Just one"})] = "one"
    tags: list[str] = Field(default_factory=list)
    ways: list[Literal["left", "right"]] = ["left"]  # noqa: RUF012 - pydantic copies defaults
    rows: Annotated[list[Row], Field(min_length=1)] = Field(default_factory=list)
    row: Row = Row(name="x")
    headers: dict[str, str] = Field(default_factory=dict)
    data: Annotated[Any, Field(alias="json", title="JSON data")] = None
    script: Annotated[str, Code("javascript")] = ""
    when: datetime | None = None
    secret: SecretStr = SecretStr("")
    detail: Annotated[str, ShowIf("mode", ("one",)), ShowIf("send_all", (True,))] = ""


def field(name: str) -> Json:
    return next(f for f in describe(Sampler)["fields"] if f["name"] == name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"kind": "text", "title": "Text", "help": "Some text.", "required": True}),
        ("long_text", {"kind": "multiline", "title": "Long text", "default": "a\nb", "required": False}),
        ("amount", {"kind": "number", "minimum": 0, "below": 10, "default": 1.5}),
        ("count", {"kind": "number", "integer": True, "above": 0, "maximum": 9, "default": None}),
        ("send_all", {"kind": "boolean", "title": "Send all", "default": True}),
        (
            "mode",
            {
                "kind": "choice",
                "options": [{"value": "one", "label": "Just one"}, {"value": "two-way", "label": "Two way"}],
                "default": "one",
            },
        ),
        ("tags", {"kind": "list", "item": {"kind": "text"}, "default": []}),
        (
            "ways",
            {
                "kind": "choices",
                "options": [{"value": "left", "label": "Left"}, {"value": "right", "label": "Right"}],
                "default": ["left"],
            },
        ),
        ("rows", {"kind": "list", "required": True, "default": []}),
        ("row", {"kind": "object", "default": {"name": "x"}}),
        ("headers", {"kind": "keyvalue", "default": {}}),
        ("json", {"kind": "json", "title": "JSON data", "default": None}),
        ("script", {"kind": "code", "language": "javascript", "default": ""}),
        ("when", {"kind": "date-time", "default": None}),
        ("secret", {"kind": "secret", "default": ""}),
        (
            "detail",
            {
                "kind": "text",
                "show_if": [{"field": "mode", "values": ["one"]}, {"field": "send_all", "values": [True]}],
            },
        ),
    ],
)
def test_a_field_becomes_a_control(name: str, expected: Json) -> None:
    described = field(name)
    assert {key: described.get(key) for key in expected} == expected


def test_entries_of_a_list_have_fields_of_their_own() -> None:
    [entry] = field("rows")["fields"]
    assert entry == {
        "name": "name",
        "title": "Name",
        "help": "What it is called.",
        "required": True,
        "kind": "text",
    }
    assert describe_model(Row) == [entry]


def test_what_is_not_filled_in_by_the_form_is_listed_apart() -> None:
    described = describe(Sampler)
    assert described["slots"] == [
        {
            "name": "model",
            "title": "Chat model",
            "many": False,
            "takes": [],
            "help": "The model that answers.",
            "required": True,
        }
    ]
    assert described["credentials"] == [
        {
            "name": "account",
            "title": "Account",
            "types": ["basic", "bearer"],
            "help": "Who calls.",
            "required": False,
            "ambient": False,
            "show_if": [],
        }
    ]
    assert {"model", "account"}.isdisjoint(f["name"] for f in described["fields"])


def test_a_type_tells_where_it_stands_in_the_palette() -> None:
    described = describe(Sampler)
    assert (described["label"], described["group"], described["icon"]) == ("Sampler", "Data", "pipette")
    assert described["help"] == "Shows every kind of field."
    assert (described["inputs"], described["outputs"]) == (
        [{"id": "main", "label": ""}],
        [{"id": "kept", "label": "Kept"}],
    )
    assert described["color"] == group_of("Data").color


def test_a_group_nobody_knows_keeps_its_name() -> None:
    assert (group_of("Plants").label, group_of("Plants").color) == ("Plants", OTHER.color)
    assert group_of("") == OTHER


@EVERY_TYPE
def test_a_description_is_json(cls: type[Node]) -> None:
    assert json.loads(json.dumps(describe(cls), allow_nan=False)) == describe(cls)


@EVERY_TYPE
def test_every_field_has_help_and_a_title(cls: type[Node]) -> None:
    described = describe(cls)
    fields = [*described["fields"], *described["credentials"], *described["slots"]]
    fields += [inner for outer in described["fields"] for inner in outer.get("fields", [])]
    assert [f["name"] for f in fields if not f["help"] or not f["title"]] == []


@EVERY_TYPE
def test_fields_depend_on_fields_that_exist(cls: type[Node]) -> None:
    known = {f["name"]: f for f in describe(cls)["fields"]}
    for name, described in known.items():
        for condition in described.get("show_if", []):
            other = known[condition["field"]]
            assert name != condition["field"]
            if options := other.get("options"):
                assert set(condition["values"]) <= {option["value"] for option in options}


@EVERY_TYPE
def test_a_default_is_one_of_the_options(cls: type[Node]) -> None:
    for described in describe(cls)["fields"]:
        if described["kind"] == "choice" and not described["required"]:
            assert described["default"] in [option["value"] for option in described["options"]]


@EVERY_TYPE
def test_a_subtitle_names_parameters(cls: type[Node]) -> None:
    names = {f["name"]: None for f in describe(cls)["fields"]}
    cls.subtitle.format_map(names)


class Brain(Node):
    """Answers."""


class SmallBrain(Brain):
    """Answers briefly."""

    type = "small-brain"
    label = "Small brain"


class Thinker(ItemNode):
    """Asks brains."""

    type = "thinker"
    label = "Thinker"
    first: Annotated[Brain | None, Slot("First")] = None
    rest: Annotated[list[Brain], Slot("Rest", many=True)] = Field(default_factory=list)
    either: Annotated[Brain | Row, Slot("Either")]
    anything: Annotated[Any, Slot("Anything")] = None
    anything_at_all: Annotated[Brain | Any, Slot("Anything at all")] = None

    async def run(self, item: Item, ctx: Context) -> Ports:
        return {"main": [item]}


def test_a_slot_says_which_classes_fill_it_and_a_type_which_it_has() -> None:
    takes = {slot["name"]: slot["takes"] for slot in describe(Thinker)["slots"]}
    assert takes == {
        "first": ["Brain"],
        "rest": ["Brain"],
        "either": ["Brain", "Row"],
        "anything": [],
        "anything_at_all": [],
    }
    assert describe(SmallBrain)["fills"] == ["SmallBrain", "Brain"]
    assert (describe(SmallBrain)["sub"], describe(Thinker)["sub"]) == (True, False)


def test_a_note_is_told_apart_from_what_fills_slots() -> None:
    described = describe(StickyNote)
    assert (described["annotation"], described["sub"]) == (True, False)
    assert (described["inputs"], described["outputs"]) == ([], [])


def test_a_type_says_which_parameters_come_first() -> None:
    class Base(Node):
        """Has a parameter."""

        type = ""
        common: int = 0
        """Inherited."""

    class Led(Base):
        """Shows its own first."""

        type = ""
        shown_first = ("mine", "unknown")
        other: int = 0
        """Second."""
        mine: int = 0
        """First."""

    assert [field["name"] for field in describe(Led)["fields"]] == ["mine", "common", "other"]
