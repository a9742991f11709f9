"""The embedder sub-nodes: their settings reach the embedder; they fill the slots of the nodes that need one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from flowstudio.engine.context import Context
from flowstudio.errors import OutboundRefused
from flowstudio.nodes.ai.credentials import GoogleAIAccount, OpenAIAccount, OpenAICompatibleAccount
from flowstudio.nodes.ai.embedder_google import EmbedderGoogle
from flowstudio.nodes.ai.embedder_local import EmbedderLocal
from flowstudio.nodes.ai.embedder_openai import EmbedderOpenAI
from flowstudio.nodes.ai.embedder_openai_compatible import EmbedderOpenAICompatible
from flowstudio.nodes.ai.parts import EmbedderNode
from flowstudio.outbound import Outbound
from tests.ai.embedders import wire
from tests.ai.embedders.wire import Wire
from tests.nodes.driver import make_host

CTX = cast("Context", SimpleNamespace(host=make_host()))
KEY = SecretStr("sk-4711")


def nodes(url: str) -> list[tuple[EmbedderNode, Any, str]]:
    return [
        (
            EmbedderOpenAI(account=OpenAIAccount(api_key=KEY, base_url=f"{url}/v1"), dimensions=3),
            wire.openai,
            "openai/text-embedding-3-small:3",
        ),
        (
            EmbedderOpenAICompatible(account=OpenAICompatibleAccount(base_url=f"{url}/v1/"), model="nomic"),
            wire.openai,
            "compatible/nomic",
        ),
        (
            EmbedderGoogle(account=GoogleAIAccount(api_key=KEY, base_url=url)),
            wire.google,
            "google/gemini-embedding-001",
        ),
    ]


@pytest.mark.parametrize("number", range(3))
async def test_an_embedder_calls_its_provider_with_the_account(number: int) -> None:
    async with Wire(lambda path, body: nodes("")[number][1](path, body)) as server:
        node, _, identity = nodes(server.url)[number]
        embedder = node.embedder(CTX)
        embedded = await embedder.embed(["some words"], "passage")
    assert f"{embedder.provider}/{embedder.name}" == identity
    assert embedded.vectors == [pytest.approx([0.6, 0.8, 0.0])]
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", range(3))
async def test_an_embedder_keeps_to_the_network_rules(number: int) -> None:
    out = Outbound()
    ctx = cast("Context", SimpleNamespace(host=make_host(services={Outbound: out})))
    async with Wire(lambda path, body: nodes("")[number][1](path, body)) as server:
        with pytest.raises(OutboundRefused, match="may not call"):
            await nodes(server.url)[number][0].embedder(ctx).embed(["some words"], "passage")
    assert server.requests == []
    await out.close()


async def test_the_local_embedder_needs_nothing() -> None:
    embedded = await EmbedderLocal().embedder(CTX).embed(["some words"], "passage")
    assert len(embedded.vectors[0]) > 100
