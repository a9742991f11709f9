"""Opening connections to vetted addresses only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import TypeAlias

import httpcore

from flowstudio.errors import OutboundRefused
from flowstudio.outbound.addresses import AddressRules
from flowstudio.outbound.sockets import connect

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a name. Raises `OSError` when there are none."""

FIRST_TRY = 3.0
"""Seconds given to one of several addresses of a name before the next one is tried."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class VettedDialer(httpcore.AsyncNetworkBackend):
    """Resolves a name once, vets every address it stands for, and connects only to those that passed.

    What is checked is what is connected to, so a name that resolves differently a moment later (DNS rebinding) gains
    nothing.
    """

    def __init__(self, rules: AddressRules, resolve: Resolve = resolve) -> None:
        self._rules = rules
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host. Raises `OutboundRefused` before a single packet goes out."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self.vetted(host, port)
                return await self._first(addresses, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no connection within {timeout:g} s") from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: sockets in the file system belong to this machine."""
        raise OutboundRefused(f"Workflows may not call the socket '{path}'. Use an http or https address.")

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool's own retries."""
        await asyncio.sleep(seconds)

    async def vetted(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be called. Raises `OutboundRefused`, and httpcore's error when there is none."""
        address = self._rules.check_host(host, port)
        if address is not None:
            return [str(address)]
        try:
            found = await self._resolve(host.rstrip("."), port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"there is no server named '{host}'") from error
        if not found:
            raise httpcore.ConnectError(f"there is no server named '{host}'")
        vetted, refusal = [], None
        for one in found:
            try:
                self._rules.check_address(host, ip_address(one.split("%")[0]), port)
                vetted.append(one)
            except OutboundRefused as error:
                refusal = refusal or error
        if refusal is not None and not vetted:
            raise refusal
        return vetted

    async def _first(
        self,
        addresses: Sequence[str],
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that answers, in the resolver's order."""
        *others, last = addresses
        for address in others:
            try:
                return await connect(address, port, FIRST_TRY, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await connect(last, port, None, local_address, socket_options)
