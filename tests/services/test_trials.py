"""Testing credentials against loopback servers: what the real service would answer, and the sentence that comes of it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.errors import NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE, Caller
from tests.outbound.server import Received, Reply, serving
from tests.services.conftest import start_runtime

KEY = "key-canary-93"


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    started = await start_runtime(tmp_path / "data", allow_hosts=("127.0.0.1",))
    yield started
    await started.stop()


def service(request: Received) -> Reply:
    """Every service at once: lets in whoever shows the key in any of the usual ways."""
    shown = f"{request.target} {request.headers} "
    if KEY not in shown and "dXNlcjprZXktY2FuYXJ5LTkz" not in shown:
        digest = 'Digest realm="r", nonce="n", qop="auth"'
        return Reply(
            401, {"error": {"message": "Incorrect API key", "code": 401}}, [("WWW-Authenticate", digest)]
        )
    if request.path == "/broken":
        return Reply(500)
    models = {
        "object": "list",
        "data": [{"id": "m1", "object": "model"}],
        "models": [{"name": "models/m1", "supportedGenerationMethods": ["generateContent"]}],
    }
    return Reply(body={**models, "has_more": False, "web": {"results": []}, "results": []})


async def tried(runtime: Runtime, type_: str, **values: Any) -> tuple[bool | None, str]:
    made = await runtime.credentials.create(COMMAND_LINE, "It", type_, values)
    verdict = await runtime.trials.run(COMMAND_LINE, made["id"])
    return verdict.works, verdict.message


async def test_accounts_of_ai_providers_and_search_engines_are_asked_for_what_they_may_use(
    runtime: Runtime,
) -> None:
    async with serving(service) as server:
        for type_ in ("openai", "openai-compatible", "anthropic", "google-ai", "brave-search", "tavily"):
            base = server.url("/v1" if type_.startswith("openai") else "").rstrip("/")
            works, words = await tried(runtime, type_, base_url=base, api_key=KEY)
            assert works, (type_, words)
            assert "It works" in words
            works, words = await tried(runtime, type_, base_url=base, api_key="wrong")
            assert works is False, type_
            assert "wrong" not in words


async def test_http_credentials_call_the_address_that_was_given(runtime: Runtime) -> None:
    async with serving(service) as server:
        values: dict[str, dict[str, str]] = {
            "http-basic": {"user": "user", "password": KEY},
            "http-header": {"name": "X-Key", "value": KEY},
            "http-bearer": {"token": KEY},
            "http-query": {"name": "key", "value": KEY},
            "generic": {"headers": f"X-Client: 7\nX-Key: {KEY}", "query": "a=b"},
        }
        for type_, fields in values.items():
            assert await tried(runtime, type_, **fields, test_url=server.url("/me")) == (
                True,
                "It works: 127.0.0.1 answered with status 200.",
            )
            wrong = {name: value.replace(KEY, "wrong") for name, value in fields.items()}
            works, words = await tried(runtime, type_, **wrong, test_url=server.url("/me"))
            assert (works, "does not accept it" in words) == (False, True)
        works, words = await tried(runtime, "http-bearer", token=KEY, test_url=server.url("/broken"))
        assert (works, "says nothing about the credential" in words) == (False, True)
    works, words = await tried(runtime, "http-bearer", token=KEY)
    assert (works, "It is stored" in words) == (None, True)
    works, words = await tried(runtime, "http-bearer", token=KEY, test_url="http://10.1.2.3/")
    assert (works, "may not call '10.1.2.3'" in words) == (False, True)


async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Enough of PostgreSQL's protocol to sign in with a password."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    while True:
        [length] = struct.unpack("!I", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        if body[:4] != struct.pack("!I", 80877103):  # asks for TLS
            break
        writer.write(b"N")
    writer.write(message(b"R", struct.pack("!I", 3)))
    await reader.readexactly(1)
    [length] = struct.unpack("!I", await reader.readexactly(4))
    password = (await reader.readexactly(length - 4)).rstrip(b"\0").decode()
    if password != KEY:
        writer.write(message(b"E", b'SFATAL\0C28P01\0Mpassword authentication failed for user "ada"\0\0'))
    else:
        writer.write(message(b"R", struct.pack("!I", 0)))
        writer.write(message(b"S", b"server_version\x0016.4\0"))
        writer.write(message(b"Z", b"I"))
        await reader.read()
    writer.close()


async def test_a_database_is_signed_in_to_at_an_address_that_the_rules_allow(runtime: Runtime) -> None:
    server = await asyncio.start_server(postgres, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    where = {"host": "127.0.0.1", "port": port, "database": "shop", "user": "ada"}
    assert await tried(runtime, "postgresql", **where, password=KEY) == (
        True,
        f"It works: PostgreSQL 16 answered at 127.0.0.1:{port}.",
    )
    works, words = await tried(runtime, "postgresql", **where, password="wrong")
    assert works is False
    assert "password authentication failed" in words
    works, words = await tried(runtime, "postgresql", **where | {"host": "10.0.0.1"})
    assert (works, "may not call" in words) == (False, True)
    server.close()


async def test_keys_of_tokens_are_tried_on_each_other(runtime: Runtime) -> None:
    assert (await tried(runtime, "jwt", secret="s" * 32))[0] is True
    assert (await tried(runtime, "jwt", algorithm="RS256", public_key="x", private_key="y"))[0] is False


async def test_what_is_not_shared_cannot_be_tried(runtime: Runtime) -> None:
    made = await runtime.credentials.create(
        COMMAND_LINE, "Bank", "http-bearer", {"token": KEY}, usable_by="admin"
    )
    editor = Caller("u", "e@example.com", "E", "editor", "session")
    with pytest.raises(NotFound):
        await runtime.trials.run(editor, made["id"])
