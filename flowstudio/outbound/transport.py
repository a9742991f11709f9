"""httpx transports: to vetted addresses, and to the sample data that FlowStudio itself serves."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import TypeAlias

import certifi
import httpcore
import httpx

from flowstudio.outbound.dialer import VettedDialer

Samples: TypeAlias = Callable[[str], tuple[str, bytes] | None]
"""Gives the media type and content of a sample file by its name; None when there is no such file."""

_KINDS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    # The special before the general.
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
)


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Raise the pool's errors as httpx's, which callers and vendors' SDKs know."""
    try:
        yield
    except (
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as error:
        for kind, mapped in _KINDS:
            if isinstance(error, kind):
                raise mapped(str(error), request=request) from error
        raise httpx.TransportError(str(error), request=request) from error


@cache
def _tls(verify: bool) -> ssl.SSLContext:
    """The system's trusted authorities, or httpx's own list on systems that have none."""
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


class _Pool:
    """Connections, of which none is opened any more once it is retired; it closes when nobody uses it."""

    def __init__(self, dialer: VettedDialer, *, verify: bool) -> None:
        self.connections = httpcore.AsyncConnectionPool(
            ssl_context=_tls(verify),
            max_connections=1000,
            max_keepalive_connections=50,
            keepalive_expiry=15.0,
            network_backend=dialer,
        )
        self._users = 0
        self._retired = False

    def enter(self) -> None:
        """Somebody sends a request."""
        self._users += 1

    async def leave(self) -> None:
        """The request is over."""
        self._users -= 1
        if self._retired and not self._users:
            await self.connections.aclose()

    async def retire(self) -> None:
        """What is under way may end; nothing else is sent here."""
        self._retired = True
        if not self._users:
            await self.connections.aclose()


class _Body(httpx.AsyncByteStream):
    """A response body as it comes from the pool."""

    def __init__(self, response: httpcore.Response, request: httpx.Request, pool: _Pool) -> None:
        self._response = response
        self._request = request
        self._pool: _Pool | None = pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx(self._request):
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        try:
            await self._response.aclose()
        finally:
            if pool is not None:
                await pool.leave()


class VettedTransport(httpx.AsyncBaseTransport):
    """Pooled connections that only a `VettedDialer` opens. Knows no proxies: they would dial unvetted addresses."""

    def __init__(self, dialer: VettedDialer, *, verify: bool = True) -> None:
        self._make = partial(_Pool, dialer, verify=verify)
        self._pool = self._make()

    async def renew(self) -> None:
        """Use no connection again that is open now: the rules by which it was vetted have changed."""
        before, self._pool = self._pool, self._make()
        await before.retire()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; follows nothing."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        pool = self._pool
        pool.enter()
        try:
            with _as_httpx(request):
                response = await pool.connections.handle_async_request(
                    httpcore.Request(
                        request.method,
                        httpcore.URL(
                            scheme=request.url.raw_scheme,
                            host=request.url.raw_host,
                            port=request.url.port,
                            target=request.url.raw_path,
                        ),
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )
        except BaseException:
            await pool.leave()
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, request, pool),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.connections.aclose()


class SampleTransport(httpx.AsyncBaseTransport):
    """Answers with sample files: the same data as the server's, whether or not a server runs."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Find one file by the path below `/samples/`; 404 for whatever is none."""
        name = request.url.path.split("/", 2)[2]
        found = self._samples(name)
        status, (kind, body) = 200, found or ("text/plain", f"There is no sample '{name}'.".encode())
        if found is None:
            status = 404
        kind += "; charset=utf-8" if kind.startswith("text/") else ""
        headers = {"content-type": kind, "content-length": str(len(body))}
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body), request=request)
