"""Connections on asyncio's own transports, for the pool.

The pool's usual ones ask the kernel to start and stop reading around every piece, which costs more than all else where a model
streams its answer in many small ones.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final, cast

import httpcore

FULL: Final = 256 * 1024
"""Bytes that wait for whoever reads before no more are taken from the network."""


class _Wire(asyncio.Protocol):
    """What arrives at one end.

    Invariants: `received` holds what was not read yet; after `over` nothing is added to it; one task reads, one writes.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.over = False
        self.failure: Exception | None = None
        self.transport: asyncio.Transport
        self._arrived: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected; once more when TLS is in between."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """More."""
        self.received += data
        if len(self.received) > FULL and not self._full:
            self._full = True
            self.transport.pause_reading()
        _release(self._arrived)

    def eof_received(self) -> bool:
        """The other side says nothing more. It may still listen, except over TLS."""
        self.over = True
        _release(self._arrived)
        return self.transport.get_extra_info("sslcontext") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by whichever side."""
        self.over, self.failure = True, exc
        _release(self._arrived)
        _release(self._writable)

    def pause_writing(self) -> None:
        """The other side is slow to take what is sent."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """It has taken enough of it."""
        _release(self._writable)
        self._writable = None

    async def read(self, most: int, timeout: float | None) -> bytes:
        """What is there, or the next that comes; nothing at the end. Raises `TimeoutError`, `OSError`."""
        if not self.received and not self.over:
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                await _within(self._arrived, timeout)
            finally:
                self._arrived = None
        if not self.received:
            if self.failure is not None:
                raise self.failure
            return b""
        data = bytes(self.received[:most])
        del self.received[:most]
        if self._full and len(self.received) <= FULL:
            self._full = False
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send. Raises `TimeoutError`, `OSError`."""
        if self.transport.is_closing():
            raise self.failure or ConnectionResetError("the connection is closed")
        self.transport.write(data)
        if self._writable is not None:
            await _within(self._writable, timeout)
            if self.transport.is_closing():
                raise self.failure or ConnectionResetError("the connection was closed")


async def _within(event: asyncio.Future[None], timeout: float | None) -> None:
    """Wait. Raises `TimeoutError`."""
    if timeout is None:
        await event
        return
    late = asyncio.get_running_loop().call_later(timeout, _expire, event)
    try:
        await event
    finally:
        late.cancel()


def _release(event: asyncio.Future[None] | None) -> None:
    if event is not None and not event.done():
        event.set_result(None)


def _expire(event: asyncio.Future[None]) -> None:
    if not event.done():
        event.set_exception(TimeoutError())


class Socket(httpcore.AsyncNetworkStream):
    """A connection as the pool uses it."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes; none at the end. Raises httpcore's errors."""
        try:
            return await self._wire.read(max_bytes, timeout)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it. Raises httpcore's errors."""
        if not buffer:
            return
        try:
            await self._wire.write(buffer, timeout)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Hang up at once: whatever is under way is given up."""
        self._wire.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from now on. Raises httpcore's errors."""
        loop, wire = asyncio.get_running_loop(), self._wire
        try:
            async with asyncio.timeout(timeout):
                secured = await loop.start_tls(
                    wire.transport, wire, ssl_context, server_hostname=server_hostname or None
                )
            if secured is None:
                raise ConnectionResetError("the connection was closed")
        except TimeoutError as error:
            wire.transport.abort()
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:  # those of TLS, too
            wire.transport.abort()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            wire.transport.abort()
            raise
        wire.connection_made(secured)
        return self

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks about. Something to read on an idle connection means that it cannot be used again."""
        wire = self._wire
        match info:
            case "is_readable":
                return bool(wire.received) or wire.over or wire.transport.is_closing()
            case "ssl_object" | "socket":
                return wire.transport.get_extra_info(info)
            case "client_addr":
                return wire.transport.get_extra_info("sockname")
            case "server_addr":
                return wire.transport.get_extra_info("peername")
        return None


async def connect(
    address: str,
    port: int,
    timeout: float | None,
    local_address: str | None,
    options: Iterable[httpcore.SOCKET_OPTION] | None,
) -> Socket:
    """Connect to an address. Raises httpcore's errors."""
    loop = asyncio.get_running_loop()
    local = (local_address, 0) if local_address else None
    try:
        async with asyncio.timeout(timeout):
            transport, wire = await loop.create_connection(_Wire, address, port, local_addr=local)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    for option in options or ():
        transport.get_extra_info("socket").setsockopt(*option)
    return Socket(wire)
