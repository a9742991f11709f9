"""Connections on the two event loops that there are: asyncio's own in tests and on Windows, uvloop's in the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import httpcore
import pytest
import uvloop

from flowstudio.errors import NodeError
from flowstudio.outbound.client import Outbound, Request
from flowstudio.outbound.sockets import FULL, connect
from tests.outbound.certificate import self_signed
from tests.outbound.server import Received, Reply, serving

Loop: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Loop:
    found: Loop = request.param
    return found


def test_large_bodies_pass_with_and_without_tls(loop: Loop, tmp_path: Path) -> None:
    body = bytes(range(256)) * (3 * FULL // 256)

    def site(request: Received) -> Reply:
        return Reply(body=request.body[::-1])

    async def go() -> None:
        outbound = Outbound(["127.0.0.1"])
        for tls in (None, self_signed(tmp_path)):
            async with serving(site, tls) as server:
                for _ in range(2):
                    answer = await outbound.request(Request("POST", server.url(), body=body, verify=False))
                    assert answer.body == body[::-1]
                assert server.connections == 1
                if tls is not None:
                    with pytest.raises(NodeError, match="certificate"):
                        await outbound.request(Request("GET", server.url()))
        await outbound.close()

    loop(go())


def test_a_connection_on_which_something_came_unasked_is_not_used_again(loop: Loop) -> None:
    told, ended = asyncio.Event(), asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await told.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async def go() -> None:
        listening = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        stream = await connect("127.0.0.1", port, 5.0, None, None)
        await stream.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await stream.read(1000, 5.0)).endswith(b"ok")
        assert stream.get_extra_info("is_readable") is False
        told.set()
        assert await stream.read(4, 5.0) == b"HTTP"  # and the rest of it waits
        assert stream.get_extra_info("is_readable") is True
        await stream.aclose()
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"more")
        await ended.wait()
        listening.close()

    loop(go())


def test_silence_and_a_lost_connection_are_told_apart(loop: Loop) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()
        await writer.wait_closed()

    async def go() -> None:
        listening = await asyncio.start_server(cut, "127.0.0.1", 0)
        stream = await connect("127.0.0.1", listening.sockets[0].getsockname()[1], 5.0, None, None)
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1000, 0.01)
        await stream.write(b"x")
        assert await stream.read(1000, 5.0) == b""
        await stream.aclose()
        with pytest.raises(httpcore.ConnectError):
            await connect("127.0.0.1", 1, 5.0, None, None)
        listening.close()

    loop(go())
