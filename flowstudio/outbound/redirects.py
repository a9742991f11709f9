"""Which request follows from a redirect."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from flowstudio.errors import NodeError
from flowstudio.outbound.failures import place

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_OF_THE_ORIGIN = frozenset(
    ("host", "authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token")
)
_OF_THE_BODY = frozenset(("content-type", "content-encoding", "content-language", "content-location"))


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain."""

    method: str
    url: httpx.URL
    headers: tuple[tuple[str, str], ...]
    body: bytes


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def redirected(hop: Hop, response: httpx.Response) -> Hop | None:
    """The next request, as browsers do it (RFC 9110, 15.4; Fetch standard); None when the response is no redirect.

    Another origin does not get to see headers that may hold secrets.
    """
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    url = hop.url.join(location)
    if url.scheme not in ("http", "https") or not url.host:
        raise NodeError(
            f"{place(hop.url)} redirected to '{location[:200]}'; only http and https addresses are followed."
        )
    method, headers, body = hop.method, hop.headers, hop.body
    status = response.status_code
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        headers = tuple(h for h in headers if h[0].lower() not in _OF_THE_BODY)
    if origin(url) != origin(hop.url):
        headers = tuple(h for h in headers if h[0].lower() not in _OF_THE_ORIGIN)
    return Hop(method, url, headers, body)
