"""The HTTP client for everything that workflows call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore
import httpx

from flowstudio.errors import NodeError
from flowstudio.outbound.addresses import AddressRules, literal
from flowstudio.outbound.decode import ACCEPTED, decoder
from flowstudio.outbound.dialer import Resolve, VettedDialer, resolve
from flowstudio.outbound.failures import explained, place
from flowstudio.outbound.redirects import Hop, origin, redirected
from flowstudio.outbound.transport import Samples, SampleTransport, VettedTransport

RESPONSE_LIMIT = 64 * 1024 * 1024
"""Bytes of a response body, decompressed."""
MAX_REDIRECTS = 21
TIMEOUT = 300.0
"""Seconds for a request with its redirects, until the last byte of the response."""
SAMPLES = "/samples/"
_USUAL_HEADERS = (("User-Agent", "FlowStudio"), ("Accept", "*/*"), ("Accept-Encoding", ACCEPTED))
_SAFE_TO_REPEAT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. A `url` that starts with `/samples/` means FlowStudio's own sample data."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    auth: httpx.Auth | None = None
    """Puts credentials on; used for the origin of `url` only, never for another one that a redirect leads to."""
    verify: bool = True
    """Whether the server's certificate must be trusted."""
    timeout: float = TIMEOUT
    max_redirects: int = MAX_REDIRECTS
    """0: a redirect is an answer like any other."""
    limit: int = RESPONSE_LIMIT
    """Bytes that the response body may have."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Header names are in lower case; names may come more than once."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    url: str
    """Where the response came from, after redirects."""
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The values of a header, joined by commas; empty when missing."""
        return ", ".join(value for key, value in self.headers if key == name)


class Streamed:
    """A response whose body is still on its way."""

    def __init__(self, response: httpx.Response, limit: int) -> None:
        self._raw = response
        self._limit = limit
        self.head = Response(
            response.status_code,
            response.reason_phrase,
            tuple((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in response.headers.raw),
            str(response.url),
        )

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, decompressed, piece by piece. Raises `NodeError` when it is over the limit."""
        size = 0
        decode = decoder(self.head.header("content-encoding"))
        async for data in self._raw.aiter_raw():
            for piece in decode.feed(data):
                size += len(piece)
                if size > self._limit:
                    raise NodeError(
                        f"The response of {place(self._raw.url)} is larger than {self._limit / 1024 / 1024:g} MiB, "
                        "the most that is taken. Ask for less at a time, for example with pagination."
                    )
                yield piece


class Outbound:
    """Sends requests to the addresses that the installation allows, and to nothing else.

    Every hop of a redirect is vetted like the first one, and the address that was vetted is the one that is connected
    to. Nothing is taken from the environment (no proxies, no `.netrc`), no cookies are kept between requests.
    """

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        *,
        own_origin: str = "",
        samples: Samples | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        """`own_origin` is this server's address: of itself, only GETs below `/samples/` are allowed.

        With `samples` these are answered from memory, so that they work without a running server.
        """
        self._own = httpx.URL(own_origin.rstrip("/") or "http://flowstudio.invalid")
        self._rules = AddressRules(allow_hosts)
        self._dialer = dialer = VettedDialer(self._rules, resolve)
        self._verified = VettedTransport(dialer)
        self._unverified = VettedTransport(dialer, verify=False)
        self._samples: httpx.AsyncBaseTransport | None = None
        if samples is not None:
            self._samples = SampleTransport(samples)
        elif own_origin:
            _, host, port = origin(self._own)
            rules = AddressRules([f"[{host}]:{port}" if ":" in host else f"{host}:{port}"])
            self._samples = VettedTransport(VettedDialer(rules, resolve))

    async def request(self, request: Request) -> Response:
        """Send and read the whole response. Raises `NodeError`; `OutboundRefused` for forbidden addresses."""
        async with self.stream(request) as streamed:
            body = b"".join([piece async for piece in streamed.chunks()])
            head = streamed.head
        return Response(head.status, head.reason, head.headers, head.url, body)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Streamed]:
        """Send and follow redirects; the body is read inside of the `async with`."""
        url = self._address(request.url)
        try:
            async with asyncio.timeout(request.timeout), self._answer(request, url) as response:
                yield Streamed(response, request.limit)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise explained(error, url, request.timeout) from error

    async def use_rules(self, allow: Iterable[str], deny: Iterable[str]) -> None:
        """Take other rules about hosts, at once: open connections are not used again. Raises `ConfigurationError`."""
        self._rules.use(allow, deny)
        await self._verified.renew()
        await self._unverified.renew()

    def transport(self) -> httpx.AsyncBaseTransport:
        """The vetted transport, for vendors' SDKs that bring their own client: every address they call is vetted too."""
        return _Lent(self._verified)

    async def vetted(self, host: str, port: int) -> str:
        """An address of a host, for clients that speak another protocol than HTTP; they must connect to this very address.

        Raises `OutboundRefused`, and `NodeError` when there is no such server.
        """
        try:
            return (await self._dialer.vetted(host, port))[0]
        except httpcore.ConnectError as error:
            raise NodeError(
                f"There is no server named '{host}'. Check the address.", retryable=True
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        for transport in (self._verified, self._unverified, self._samples):
            if transport is not None:
                await transport.aclose()

    def _address(self, text: str) -> httpx.URL:
        """The full address. Raises `NodeError` for what is none."""
        text = text.strip()
        if text.startswith(SAMPLES):
            if self._samples is None:
                raise NodeError(
                    f"'{text[:200]}': this installation serves no sample data. Use a full address."
                )
            text = f"{str(self._own).rstrip('/')}{text}"
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise NodeError(f"'{text[:200]}' is not an address: {error}.") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise NodeError(
                f"'{text[:200]}' is not an address to call. It must start with http:// or https:// "
                f"(or with {SAMPLES} for the sample data)."
            )
        return url

    @asynccontextmanager
    async def _answer(self, request: Request, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        """Send hop after hop; gives the response that is not followed."""
        credentials = request.auth
        if url.userinfo:
            credentials = credentials or httpx.BasicAuth(url.username, url.password)
            url = url.copy_with(userinfo=b"")
        hop = Hop(request.method.upper(), url, tuple(request.headers), request.body)
        for _ in range(request.max_redirects + 1):
            auth = credentials if origin(hop.url) == origin(url) else None
            response = await self._send(hop, auth or _NO_AUTH, request.verify)
            try:
                following = redirected(hop, response) if request.max_redirects else None
                if following is None:
                    yield response
                    return
                hop = following
            finally:
                await response.aclose()
        raise NodeError(
            f"{place(url)} redirected more than {request.max_redirects} times. Check the address, or raise the limit."
        )

    async def _send(self, hop: Hop, auth: httpx.Auth, verify: bool) -> httpx.Response:
        transport = self._transport_for(hop, verify)
        try:
            return await _exchange(transport, hop, auth)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A server may close an idle connection at the very moment in which it is used again.
            if hop.method not in _SAFE_TO_REPEAT:
                raise
            return await _exchange(transport, hop, auth)

    def _transport_for(self, hop: Hop, verify: bool) -> httpx.AsyncBaseTransport:
        if self._samples is not None and hop.method == "GET" and self._is_sample(hop.url):
            return self._samples
        return self._verified if verify else self._unverified

    def _is_sample(self, url: httpx.URL) -> bool:
        scheme, host, port = origin(url)
        own_scheme, own_host, own_port = origin(self._own)
        return (
            url.path.startswith(SAMPLES)
            and not any(part in (".", "..") for part in url.path.replace("\\", "/").split("/"))
            and (scheme, port) == (own_scheme, own_port)
            and (host == own_host or (_loopback(host) and _loopback(own_host)))
        )


class _Lent(httpx.AsyncBaseTransport):
    """A transport for a client that must not close it."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


_NO_AUTH = httpx.Auth()


async def _exchange(transport: httpx.AsyncBaseTransport, hop: Hop, auth: httpx.Auth) -> httpx.Response:
    """Send a request, and again where the authentication asks for it (digest). Bodies in between are not read."""
    names = {name.lower() for name, _ in hop.headers}
    usual = [(name, value) for name, value in _USUAL_HEADERS if name.lower() not in names]
    request = httpx.Request(
        hop.method,
        hop.url,
        headers=[(name.encode(), value.encode()) for name, value in (*usual, *hop.headers)],
        content=hop.body or None,
    )
    flow = auth.async_auth_flow(request)
    request = await anext(flow)
    while True:
        response = await transport.handle_async_request(request)
        response.request = request
        try:
            request = await flow.asend(response)
        except StopAsyncIteration:
            return response
        except BaseException:
            await response.aclose()
            raise
        await response.aclose()


def _loopback(host: str) -> bool:
    address = literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)
