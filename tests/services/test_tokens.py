"""Access tokens against a real authorization server on loopback: fetched, renewed once for all who wait, kept encrypted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from flowstudio.errors import CredentialError
from flowstudio.nodes.connections import GoogleServiceAccount, OAuth2Account
from flowstudio.outbound.oauth import Grant
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.outbound.authorization import Authorization
from tests.outbound.server import LoopbackServer, serving
from tests.services.conftest import chain, node, start_runtime


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    started = await start_runtime(tmp_path / "data", allow_hosts=("127.0.0.1",))
    yield started
    await started.stop()


@pytest.fixture
def authority() -> Authorization:
    return Authorization()


@pytest.fixture
async def server(authority: Authorization) -> AsyncIterator[LoopbackServer]:
    async with serving(authority.answer) as running:
        yield running


async def store(runtime: Runtime, server: LoopbackServer, authority: Authorization, **values: Any) -> str:
    """A stored OAuth2 credential for the server."""
    fields = {
        "token_url": server.url("/token"),
        "authorization_url": server.url("/authorize"),
        "client_id": authority.client_id,
        "client_secret": authority.client_secret,
    } | values
    made = await runtime.credentials.create(COMMAND_LINE, "Shop", "oauth2", fields)
    return str(made["id"])


async def connect(runtime: Runtime, id_: str, authority: Authorization, grant: Grant) -> None:
    """What a sign-in leaves behind."""
    record = await runtime.storage.credentials.get(id_)
    assert record is not None
    authority.renewals.append(grant.refresh_token)
    assert await runtime.tokens.keep(id_, grant, unchanged_since=record.updated_at)


async def run(runtime: Runtime, id_: str, url: str) -> tuple[str, Any]:
    """Run a workflow that calls the service; its status and what came out or went wrong."""
    request = node("call", "http-request", url=url, authentication="credential")
    request["data"]["credentials"] = {"account": id_}
    workflow = await runtime.workflows.create(COMMAND_LINE, chain(node("go", "manual-trigger"), request))
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    rest = await runtime.executions.finish(execution)
    if rest.error is not None:
        return rest.status, rest.error.message
    return rest.status, [item.json for item in await runtime.executions.last_items(execution)]


def secrets_in(folder: Path, secrets: list[str]) -> list[str]:
    """Which of the secrets stand in a file of the folder."""
    data = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    return [secret for secret in secrets if secret.encode() in data]


@pytest.mark.parametrize("style", ["header", "body"])
async def test_client_credentials_are_fetched_once_and_used_by_http_requests(
    runtime: Runtime, server: LoopbackServer, authority: Authorization, style: str
) -> None:
    authority.style = style
    id_ = await store(
        runtime,
        server,
        authority,
        grant="client_credentials",
        client_authentication=style,
        scope="orders",
        extra="audience=shop",
    )
    for _ in range(2):
        assert await run(runtime, id_, server.url("/orders")) == ("success", [{"welcome": True}])
    [asked] = authority.asked
    assert (asked["grant_type"], asked["scope"], asked["audience"]) == (
        "client_credentials",
        "orders",
        "shop",
    )
    secrets = [*authority.given, authority.client_secret]
    assert len(secrets) == 2
    assert secrets_in(runtime.settings.data_dir, secrets) == []


async def test_a_token_that_the_service_refuses_is_renewed_once_for_all_who_wait(
    runtime: Runtime, server: LoopbackServer, authority: Authorization
) -> None:
    id_ = await store(runtime, server, authority)
    await connect(runtime, id_, authority, Grant("old", "renew-1"))
    found = await asyncio.gather(*(run(runtime, id_, server.url("/orders")) for _ in range(12)))
    assert found == [("success", [{"welcome": True}])] * 12
    assert [fields["grant_type"] for fields in authority.asked] == ["refresh_token"]
    assert secrets_in(runtime.settings.data_dir, ["renew-1", *authority.given]) == []


async def test_a_token_is_renewed_before_it_ends(
    runtime: Runtime, server: LoopbackServer, authority: Authorization
) -> None:
    authority.life = 1
    id_ = await store(runtime, server, authority)
    await connect(runtime, id_, authority, Grant("old", "renew-1"))
    for _ in range(3):
        assert (await run(runtime, id_, server.url("/orders")))[0] == "success"
    paths = [request.path for request in server.received]
    assert paths == ["/orders", "/token", "/orders", "/token", "/orders", "/token", "/orders"]


async def test_a_revoked_connection_says_what_to_do_and_the_list_warns(
    runtime: Runtime, server: LoopbackServer, authority: Authorization
) -> None:
    id_ = await store(runtime, server, authority)
    await connect(runtime, id_, authority, Grant("old", "renew-1"))
    authority.renewals.clear()
    status, words = await run(runtime, id_, server.url("/orders"))
    assert status == "error"
    assert "'Shop' must be connected again" in words
    assert "Token has been revoked." in words
    [shown] = await runtime.credentials.all(COMMAND_LINE)
    assert shown["warning"]["kind"] == "problem"
    assert "Connect again" in shown["warning"]["text"]


async def test_a_renewal_of_another_process_is_taken_over(
    runtime: Runtime, server: LoopbackServer, authority: Authorization, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await store(runtime, server, authority)
    await connect(runtime, id_, authority, Grant("old", "renew-1"))
    authority.renewals.clear()  # the other process has used it up
    fetch = runtime.tokens._fetch

    async def later(account: Any, renewal: str = "") -> Grant:
        await connect(runtime, id_, authority, Grant("theirs", "renew-2"))
        return await fetch(account, renewal)

    monkeypatch.setattr(runtime.tokens, "_fetch", later)
    account = OAuth2Account(token_url=server.url("/token"), client_id="x").stored_as(id_)
    assert await runtime.tokens.token(account, refused="old") == "theirs"


async def test_changed_values_end_a_connection_and_old_tokens_do_not_come_back(
    runtime: Runtime, server: LoopbackServer, authority: Authorization
) -> None:
    id_ = await store(runtime, server, authority)
    before = await runtime.storage.credentials.get(id_)
    assert before is not None
    await connect(runtime, id_, authority, Grant("old", "renew-1"))
    values = {"token_url": server.url("/token"), "client_id": "other"}
    assert (await runtime.credentials.update(COMMAND_LINE, id_, values=values))["connected_at"] is None
    assert not await runtime.tokens.keep(id_, Grant("late"), unchanged_since=before.updated_at)
    status, words = await run(runtime, id_, server.url("/orders"))
    assert (status, "is not connected to its service yet" in words) == ("error", True)


def service_key(authority: Authorization, server: LoopbackServer) -> str:
    """The key file of a service account that the authority knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority.public_key = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "robot@example.iam.gserviceaccount.com",
            "private_key": private,
            "private_key_id": "1",
            "token_uri": server.url("/token"),
        }
    )


async def test_a_service_account_proves_itself_by_its_key_and_is_fetched_once(
    runtime: Runtime, server: LoopbackServer, authority: Authorization
) -> None:
    key = service_key(authority, server)
    made = await runtime.credentials.create(
        COMMAND_LINE, "Robot", GoogleServiceAccount.type, {"key": key, "subject": "ada@example.com"}
    )
    for _ in range(2):
        assert await run(runtime, made["id"], server.url("/files")) == ("success", [{"welcome": True}])
    assert len(authority.asked) == 1
    verdict = await runtime.trials.run(COMMAND_LINE, made["id"])
    assert verdict.message == "It works: Google gave access to robot@example.iam.gserviceaccount.com."
    authority.public_key = "no longer"
    verdict = await runtime.trials.run(COMMAND_LINE, made["id"])
    assert verdict.works is False
    assert "does not accept the service account" in verdict.message


async def test_an_account_for_people_cannot_come_along_with_a_run(runtime: Runtime) -> None:
    account = OAuth2Account(token_url="https://example.org/token", client_id="x")
    with pytest.raises(CredentialError, match="must be stored and connected"):
        await runtime.tokens.token(account)
