"""Instances: parameters, credentials, sub-nodes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, SecretStr

from flowstudio.engine.binding import bind
from flowstudio.engine.context import Context
from flowstudio.engine.credential import CredentialType
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Code, Credential, ItemNode, Node, Slot
from flowstudio.engine.plan import compile_plan
from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import load_workflow
from tests.engine.fakes import REGISTRY, FakeEvaluator, FakeVault, World, draw


class Key(CredentialType):
    """A key."""

    type: ClassVar[str] = "key"
    key: SecretStr


class Login(CredentialType):
    """A name and a password."""

    type: ClassVar[str] = "login"
    user: str
    password: SecretStr


class Caller(ItemNode):
    """Shows what it was given."""

    type = "caller"
    label = "Caller"
    account: Annotated[Key | Login, Credential("Account", ("key", "login"))]
    spare: Annotated[Key | None, Credential("Spare", ("key",))] = None
    title: str = "none"

    async def run(self, item: Item, ctx: Context) -> Ports:
        secret = self.account.key if isinstance(self.account, Key) else self.account.password
        return {
            "main": [
                Item({"kind": self.account.type, "size": len(secret.get_secret_value()), "title": self.title})
            ]
        }


class Brain(Node):
    """A sub-node."""

    type = "brain"
    label = "Brain"
    name: str = "plain"
    account: Annotated[Key | None, Credential("Account", ("key",))] = None
    inner: Annotated[Any, Slot("Inner")] = None


class Thinker(ItemNode):
    """Uses sub-nodes."""

    type = "thinker"
    label = "Thinker"
    brain: Annotated[Brain, Slot("Brain")]
    tools: Annotated[list[Brain], Slot("Tools", many=True)] = Field(default_factory=list)
    code: Annotated[str, Code("python")] = ""

    async def run(self, item: Item, ctx: Context) -> Ports:
        inner = self.brain.inner.name if self.brain.inner else None
        names = [self.brain.name, inner, [tool.name for tool in self.tools]]
        return {"main": [Item({"names": names, "code": self.code, "key": self.brain.account is not None})]}


TYPES = Registry([*REGISTRY, Caller, Brain, Thinker])


@pytest.fixture
def world() -> World:
    return World(
        vault=FakeVault(
            {
                "c1": {"type": "key", "key": "s3cret"},
                "c2": {"type": "login", "user": "u", "password": "pass"},
                "c3": {"type": "other", "key": "s3cret"},
                "c4": {"type": "login", "user": "u", "pass-word": "s3cret"},
            }
        ),
        evaluator=FakeEvaluator({"{{ f() }}": lambda json, shared, per_item, index: f"f{json['n']}"}),
    )


async def run(world: World, document: Json, rows: list[Json]) -> Any:
    rest = await world.execute(compile_plan(load_workflow(document), TYPES), rows)
    return world.output("x") if rest.status == "success" else rest.error


def caller(credentials: Json, **properties: Any) -> Json:
    data = {"label": "x", "properties": properties, "credentials": credentials}
    return draw({"t": "manual-trigger", "x": {"id": "x", "type": "caller", "data": data}}, "t > x")


async def test_a_credential_is_opened_and_parsed_by_its_type(world: World) -> None:
    assert await run(world, caller({"account": "c1"}), [{}]) == [{"kind": "key", "size": 6, "title": "none"}]
    other = World(vault=world.vault)
    assert await run(other, caller({"account": "c2"}), [{}]) == [
        {"kind": "login", "size": 4, "title": "none"}
    ]


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"account": "gone"}, "no credential 'gone'"),
        ({}, "'x' needs a credential: Account; choose one."),
        ({"account": "c3"}, "Account: a credential of type 'other' does not fit"),
        ({"account": "c4"}, "fields it needs (pass-word, password)"),
    ],
)
async def test_a_credential_that_does_not_fit_is_named_without_its_secrets(
    world: World, credentials: Json, words: str
) -> None:
    error = await run(world, caller(credentials), [{}])
    assert error.code == "credential"
    assert words in error.message
    assert "s3cret" not in error.message


async def test_a_credential_passed_along_with_the_run_needs_no_choice(world: World) -> None:
    world.vault = FakeVault({"": {"type": "key", "key": "abc"}})
    assert await run(world, caller({}), [{}]) == [{"kind": "key", "size": 3, "title": "none"}]


async def test_credentials_and_expressions_go_together(world: World) -> None:
    rows = await run(world, caller({"account": "c1"}, title="={{ $json.n }}"), [{"n": 1}, {"n": 2}])
    assert [row["title"] for row in rows] == ["1", "2"]
    assert world.evaluator.asked == []


async def test_properties_cannot_stand_in_for_credentials(world: World) -> None:
    document = caller({}, account={"key": "typed in"})
    error = await run(world, document, [{}])
    assert error.code == "credential"


def thinker(properties: Json, *more: str, **brains: Any) -> Json:
    nodes: Json = {"t": "manual-trigger", "x": ("thinker", properties), **brains}
    return draw(nodes, "t > x", *more)


async def test_slots_are_filled_with_sub_nodes_and_their_sub_nodes(world: World) -> None:
    document = thinker(
        {"code": "={{ not touched }}"},
        "b > x.brain",
        "i > b.inner",
        "p > x.tools",
        "q > x.tools",
        b=("brain", {"name": "={{ f() }}"}, {"credentials": {"account": "c1"}}),
        i="brain",
        p=("brain", {"name": "p"}),
        q=("brain", {"name": "q"}),
    )
    rows = await run(world, document, [{"n": 1}, {"n": 2}])
    assert rows == [{"names": ["f1", "plain", ["p", "q"]], "code": "={{ not touched }}", "key": True}] * 2


async def test_a_wrong_parameter_of_a_sub_node_names_it(world: World) -> None:
    document = thinker({}, "b > x.brain", b=("brain", {"name": "={{ $json.n }}"}))
    error = await run(world, document, [{"n": [1]}])
    assert error.code == "parameter"
    assert error.message == "'b': Name must be text, but is a list."
    assert error.detail == {"parameter": "name", "node": "b"}


async def test_a_disabled_sub_node_is_named(world: World) -> None:
    document = thinker({}, "b > x.brain", b=("brain", {}, {"disabled": True}))
    error = await run(world, document, [{}])
    assert "'b', which 'x' needs, is disabled" in error.message


def test_one_instance_serves_all_items_when_nothing_depends_on_them() -> None:
    binding, wrong = bind(REGISTRY.get("split") or Node, {"limit": "7", "other": 1}, {}, {})
    assert wrong == []
    assert binding.instance is not None
    assert binding.make((), {}) is binding.instance
    assert binding.properties == {"limit": "7"}


def test_templates_are_found_wherever_they_stand() -> None:
    properties = {"set": {"a": ["=1", {"b": "={{ 2 }}"}], "c": "plain = text"}}
    binding, _ = bind(REGISTRY.get("echo") or Node, properties, {}, {})
    assert [(place.location, place.template.text) for place in binding.places] == [
        (("set", "a", 0), "1"),
        (("set", "a", 1, "b"), "{{ 2 }}"),
    ]
    made = binding.make([10, {"x": 1}], {})
    assert made.model_dump()["set"] == {"a": [10, {"b": {"x": 1}}], "c": "plain = text"}
    assert properties["set"]["a"][0] == "=1"  # the document is left as it was
