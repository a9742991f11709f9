"""Workflow files from addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowstudio.errors import FlowStudioError, Forbidden, InvalidRequest, NodeError
from flowstudio.interop import TEXT_LIMIT
from flowstudio.outbound import Outbound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE, Caller
from flowstudio.services.transfer import TransferService, numbered_names
from tests.outbound.server import Received, Reply, serving
from tests.services.conftest import chain, edit, node

VIEWER = Caller(user_id="v", email="v@example.com", name="V", role="viewer", via="session")


def site(request: Received) -> Reply:
    """One workflow, one page, a file that is too large, and ways that lead there or astray."""
    match request.path:
        case "/flow.json":
            return Reply(body=chain(node("a", "manual-trigger"), edit("b", text="hi"), name="Published"))
        case "/moved":
            return Reply(302, headers=[("Location", "/flow.json")])
        case "/inside":
            return Reply(302, headers=[("Location", "http://10.0.0.1/secret.json")])
        case "/page":
            return Reply(body="<!doctype html><title>A page</title>")
        case "/large":
            return Reply(body=b" " * (TEXT_LIMIT + 1))
    return Reply(404, body="nothing here")


async def test_a_file_is_read_from_its_address(runtime: Runtime) -> None:
    async with serving(site) as server:
        outbound = Outbound(["127.0.0.1"])
        transfer = TransferService(runtime.workflows, runtime.credentials, outbound)
        for path in ("/flow.json", "/moved"):
            (found,) = await transfer.fetch(COMMAND_LINE, f" {server.url(path)} ")
            assert found.document.name == "Published"
        for path, kind, said in (
            ("/page", InvalidRequest, "This is a web page"),
            ("/nothing", InvalidRequest, "answered with status 404"),
            ("/large", NodeError, "larger than 8 MiB"),
            ("/inside", NodeError, "10.0.0.1"),
        ):
            with pytest.raises(kind, match=said):
                await transfer.fetch(COMMAND_LINE, server.url(path))
        await outbound.close()


async def test_addresses_of_the_own_network_are_refused(runtime: Runtime) -> None:
    async with serving(site) as server:
        with pytest.raises(FlowStudioError, match=r"127\.0\.0\.1"):
            await runtime.transfer.fetch(COMMAND_LINE, server.url("/flow.json"))
        assert server.received == []


async def test_who_may_not_edit_may_not_make_the_server_fetch(runtime: Runtime) -> None:
    with pytest.raises(Forbidden):
        await runtime.transfer.fetch(VIEWER, "https://example.com/flow.json")
    with pytest.raises(Forbidden):
        await runtime.transfer.read(VIEWER, "{}")


async def test_a_file_is_the_same_after_a_restart(runtime: Runtime, tmp_path: Path) -> None:
    made = await runtime.workflows.create(
        COMMAND_LINE, chain(node("a", "manual-trigger"), edit("b", z="1", a="2"))
    )
    first = await runtime.transfer.export(COMMAND_LINE, made.record.id)
    runtime.workflows._loaded.clear()
    assert await runtime.transfer.export(COMMAND_LINE, made.record.id) == first


def test_several_files_of_one_name_are_told_apart() -> None:
    assert numbered_names(["a.json", "a.json", "b.json", "a.json"]) == [
        "a.json",
        "a-2.json",
        "b.json",
        "a-3.json",
    ]
