"""What vendors' SDKs have in common: they are imported late, and they connect through the installation's own transport."""

from __future__ import annotations

import asyncio
import importlib
import ssl
from collections.abc import AsyncIterator
from functools import cache
from typing import TYPE_CHECKING, Any

import certifi
import httpx

if TYPE_CHECKING:
    import httpx2

_loaded: dict[str, Any] = {}
_loading = asyncio.Lock()


async def load(module: str) -> Any:
    """Import a module that takes long, aside; once."""
    found = _loaded.get(module)
    if found is None:
        async with _loading:
            found = _loaded[module] = await asyncio.to_thread(importlib.import_module, module)
    return found


@cache
def authorities() -> ssl.SSLContext:
    """Whom to trust, read once: reading the list holds everything up for as long as a call takes.

    For SDKs that would read it for each client, also for clients that connect through a transport or not at all.
    """
    return ssl.create_default_context(cafile=certifi.where())


async def http_client(transport: httpx.AsyncBaseTransport | None, timeout: float) -> Any:
    """A client of the kind that the SDKs use (httpx2), which sends through `transport`; None: by itself.

    `timeout` is what one answer may take until its next bytes, in seconds. Nothing is taken from the environment.
    """
    httpx2 = await load("httpx2")
    limits = httpx2.Timeout(timeout, connect=min(timeout, 15.0))
    if transport is None:
        return httpx2.AsyncClient(timeout=limits, trust_env=False, follow_redirects=False)
    bridge = _bridge(httpx2)(transport)
    return httpx2.AsyncClient(transport=bridge, timeout=limits, trust_env=False, follow_redirects=False)


_bridges: list[type[Any]] = []


def _bridge(httpx2: Any) -> type[Any]:
    """The class that lets an httpx2 client send through an httpx transport."""
    if _bridges:
        return _bridges[0]

    class Body(httpx2.AsyncByteStream):  # type: ignore[misc]  # the package is loaded at run time
        """The body of a response, as it comes."""

        def __init__(self, response: httpx.Response) -> None:
            self._response = response

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._response.aiter_raw():
                    yield chunk
            except httpx.TransportError as error:
                raise translated(error) from error

        async def aclose(self) -> None:
            await self._response.aclose()

    def translated(error: httpx.TransportError) -> Exception:
        kind = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        found: Exception = kind(str(error))
        return found

    class Bridge(httpx2.AsyncBaseTransport):  # type: ignore[misc]  # the package is loaded at run time
        """Sends by another transport, which it does not close."""

        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self._inner = inner

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            outgoing = httpx.Request(
                request.method,
                str(request.url),
                headers=request.headers.raw,
                content=await request.aread(),
                extensions={"timeout": request.extensions.get("timeout", {})},
            )
            try:
                response = await self._inner.handle_async_request(outgoing)
            except httpx.TransportError as error:
                raise translated(error) from error
            return httpx2.Response(
                response.status_code,
                headers=response.headers.raw,
                stream=Body(response),
                extensions={k: v for k, v in response.extensions.items() if k == "http_version"},
            )

    _bridges.append(Bridge)
    return Bridge
