from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from flowstudio.engine.item import Item
from flowstudio.errors import CredentialError
from flowstudio.nodes.credentials import BasicAuth, BearerAuth, DigestAuth, HeaderAuth, QueryAuth
from flowstudio.nodes.http.request import HttpRequest
from flowstudio.outbound import Outbound
from tests.nodes.http.harness import World, item
from tests.outbound.server import LoopbackServer, Received, Reply, serving


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with serving(lambda request: Reply(body={"ok": True})) as running:
        yield running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    outbound = Outbound(["127.0.0.1"])
    yield World({Outbound: outbound})
    await outbound.close()


async def run(world: World, given: Item | None = None, **properties: Any) -> list[Item]:
    node = HttpRequest.model_validate(properties)
    return (await node.run(given or item(), world.context))["main"]


@pytest.mark.parametrize(
    ("account", "header", "target"),
    [
        (BasicAuth(user="ann", password=SecretStr("pä:ss")), "Basic YW5uOnDDpDpzcw==", "/?a=1"),
        (BearerAuth(token=SecretStr(" t0ken\n")), "Bearer t0ken", "/?a=1"),
        (HeaderAuth(name="Authorization", value=SecretStr("Token x")), "Token x", "/?a=1"),
        (QueryAuth(name="api key", value=SecretStr("x&y")), None, "/?a=1&api%20key=x%26y"),
    ],
)
async def test_credentials_are_sent(
    world: World, server: LoopbackServer, account: Any, header: str | None, target: str
) -> None:
    await run(world, url=server.url("/?a=1"), authentication="credential", account=account)
    assert server.received[0].header("authorization") == header
    assert server.received[0].target == target


async def test_digest_authentication_answers_the_challenge(world: World, server: LoopbackServer) -> None:
    def guarded(request: Received) -> Reply:
        if request.header("authorization") is None:
            challenge = 'Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256'
            return Reply(401, headers=[("WWW-Authenticate", challenge)])
        return Reply(body={"in": True})

    server.answer = guarded
    account = DigestAuth(user="ann", password=SecretStr("secret"))
    [got] = await run(
        world,
        url=server.url("/x"),
        method="POST",
        body="raw",
        body_text="hi",
        authentication="credential",
        account=account,
    )
    assert got.json == {"in": True}
    answer = server.received[1].header("authorization") or ""
    assert answer.startswith('Digest username="ann", realm="r", nonce="abc", uri="/x"')
    assert "secret" not in answer
    assert [request.body for request in server.received] == [b"hi", b"hi"]


async def test_a_secret_in_a_custom_header_stays_with_its_origin(
    world: World, server: LoopbackServer
) -> None:
    async with serving(lambda request: Reply()) as other:
        server.answer = lambda request: Reply(302, headers=[("Location", other.url())])
        account = HeaderAuth(name="X-Key", value=SecretStr("secret"))
        await run(world, url=server.url(), authentication="credential", account=account)
        assert other.received[0].header("x-key") is None
    assert server.received[0].header("x-key") == "secret"


async def test_a_credential_that_is_not_chosen_is_named(world: World, server: LoopbackServer) -> None:
    with pytest.raises(CredentialError, match="No credential is chosen"):
        await run(world, url=server.url(), authentication="credential")


async def test_a_credential_is_not_sent_when_authentication_is_off(
    world: World, server: LoopbackServer
) -> None:
    await run(world, url=server.url(), account=BearerAuth(token=SecretStr("t")))
    assert server.received[0].header("authorization") is None


@pytest.mark.parametrize("value", ["a\nb", "a\x00b"])
def test_a_secret_over_several_lines_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="single line"):
        HeaderAuth(name="X", value=SecretStr(value))
