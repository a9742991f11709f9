from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flowstudio.engine.context import Host
from flowstudio.engine.item import Json
from flowstudio.engine.node import Example, LoopNode, Node
from flowstudio.engine.parameters import fields_of
from flowstudio.nodes.connections import AccessTokens
from flowstudio.outbound import Outbound
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Speaker, Turn, Wire
from tests.nodes.databases.door import opened
from tests.nodes.driver import REGISTRY, Result, run_node, scripted
from tests.nodes.google.spreadsheets import Spreadsheets
from tests.nodes.google.test_google_sheets import ORDERS, Google, OneToken
from tests.outbound.server import serving
from tests.postgres import PostgresServer

EXAMPLES = [
    pytest.param(cls, example, id=f"{cls.type}: {example.title}")
    for cls in REGISTRY
    for example in cls.examples
]


SPEAKERS: dict[str, tuple[type[Speaker], str]] = {
    "openai": (OpenAISpeaker, "/v1"),
    "anthropic": (AnthropicSpeaker, ""),
    "google-ai": (GoogleSpeaker, ""),
}


class OneAccount:
    """A vault with one account."""

    def __init__(self, values: Json) -> None:
        self.values = values

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        return self.values


async def run(cls: type[Node], example: Example, host: Host, request: pytest.FixtureRequest) -> Result:
    """Run an example; where a chat model takes part, it says what is written in the example."""
    fields = fields_of(cls)
    if cls.type == "google-sheets":
        async with serving(
            Spreadsheets({"1aBcD": {"Orders": [list(row) for row in ORDERS]}}).answer
        ) as google:
            outbound = Outbound(["127.0.0.1"])
            services = {Outbound: outbound, AccessTokens: OneToken()}
            host = replace(host, vault=Google(google.url("")), services=services)
            result = await run_node(
                cls.type, example.properties, example.given, host=host, credentials={"account": "g"}
            )
            await outbound.close()
            return result
    if cls.type == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        assert isinstance(example.given, list)
        async with opened(postgres, request.getfixturevalue("postgres_database")) as door:
            return await door.node(given=example.given, **example.properties)
    if not example.model:
        return await run_node(cls.type, example.properties, example.given, host=host)
    if "model" in fields.slots:
        subs = scripted(*example.model)
        return await run_node(cls.type, example.properties, example.given, host=host, subs=subs)
    (field, mark), *_ = fields.credentials.items()
    speaker, tail = SPEAKERS[mark.types[0]]
    async with Wire(speaker(), [Turn((said,)) for said in example.model]) as server:
        account = {"type": mark.types[0], "api_key": "sk-example", "base_url": server.url + tail}
        host = replace(host, vault=OneAccount(account))
        return await run_node(
            cls.type, example.properties, example.given, host=host, credentials={field: "c"}
        )


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("cls", "example"), EXAMPLES)
async def test_an_example_gives_what_it_promises(
    cls: type[Node], example: Example, caged_host: Host, request: pytest.FixtureRequest
) -> None:
    result = await run(cls, example, caged_host, request)
    if example.fails:
        assert result.error == example.fails
        return
    assert result.outcome.error is None
    first = cls.output_ports(example.properties)[0].id if cls.output_ports(example.properties) else "main"
    promised = {first: example.gives} if isinstance(example.gives, list) else dict(example.gives)
    assert result.ports == {port: rows for port, rows in promised.items() if rows}


def only_rounds(cls: type[Node]) -> bool:
    """Whether all that a node gives goes into its rounds, of which it has none when it stands alone."""
    return issubclass(cls, LoopNode) and len(cls.outputs) == 1


def test_every_example_promises_something() -> None:
    empty = [
        (cls.type, example.title)
        for cls in REGISTRY
        for example in cls.examples
        if not example.fails and not example.gives and not only_rounds(cls)
    ]
    assert empty == []
