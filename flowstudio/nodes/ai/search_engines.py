"""Search engines of the web, and how they answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from flowstudio.engine.item import Json
from flowstudio.errors import NodeError
from flowstudio.outbound import Outbound
from flowstudio.outbound.client import Request, Response

BRAVE: Final = "https://api.search.brave.com"
TAVILY: Final = "https://api.tavily.com"
DUCKDUCKGO: Final = "https://html.duckduckgo.com"
TIMEOUT: Final = 30.0
LIMIT: Final = 4 * 1024 * 1024
SNIPPET: Final = 1000
"""Characters of a result's text."""


async def searxng(out: Outbound, base_url: str, query: str, count: int) -> list[Json]:
    """A SearXNG server whose settings allow the JSON format."""
    found = await _json(out, Request("GET", _url(base_url, "/search", q=query, format="json"), **_LIMITS))
    return _results(found.get("results"), "title", "url", "content", count)


async def brave(out: Outbound, base_url: str, key: str, query: str, count: int) -> list[Json]:
    """Brave's search API."""
    url = _url(base_url or BRAVE, "/res/v1/web/search", q=query, count=str(count))
    headers = (("X-Subscription-Token", key), ("Accept", "application/json"))
    found = await _json(out, Request("GET", url, headers, **_LIMITS))
    web = found.get("web")
    return _results(
        web.get("results") if isinstance(web, dict) else None, "title", "url", "description", count
    )


async def tavily(out: Outbound, base_url: str, key: str, query: str, count: int) -> list[Json]:
    """Tavily's search API."""
    body = json.dumps({"query": query, "max_results": count}).encode()
    headers = (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"))
    found = await _json(out, Request("POST", _url(base_url or TAVILY, "/search"), headers, body, **_LIMITS))
    return _results(found.get("results"), "title", "url", "content", count)


async def duckduckgo(out: Outbound, base_url: str, query: str, count: int) -> list[Json]:
    """DuckDuckGo's page for browsers without JavaScript. It wants no key and allows few searches."""
    url = _url(base_url or DUCKDUCKGO, "/html/")
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("User-Agent", "Mozilla/5.0 (compatible; FlowStudio)"),
    )
    response = await out.request(Request("POST", url, headers, urlencode({"q": query}).encode(), **_LIMITS))
    _check(response)
    page = _Page()
    page.feed(response.body.decode("utf-8", errors="replace"))
    if not page.found and "anomaly" in response.body.decode("utf-8", errors="replace"):
        raise NodeError(
            "DuckDuckGo allows no more searches for now. Use another search engine.", retryable=True
        )
    return page.found[:count]


_LIMITS: Final[dict[str, Any]] = {"timeout": TIMEOUT, "limit": LIMIT}


def _url(base: str, path: str, **query: str) -> str:
    return base.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")


def _check(response: Response) -> None:
    if response.status in (401, 403):
        raise NodeError(
            "The search engine refuses the request. Check the key, or whether it allows the JSON format."
        )
    if response.status == 429:
        raise NodeError("The search engine allows no more searches for now.", retryable=True)
    if response.status >= 400:
        raise NodeError(
            f"The search engine answered {response.status} {response.reason}.",
            retryable=response.status >= 500,
        )


async def _json(out: Outbound, request: Request) -> Json:
    response = await out.request(request)
    _check(response)
    try:
        found = json.loads(response.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NodeError("The search engine's answer cannot be understood. Check its address.")
    return found


def _results(rows: Any, title: str, url: str, text: str, count: int) -> list[Json]:
    found = []
    for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ():
        if isinstance(row, dict) and isinstance(row.get(url), str):
            found.append(
                {
                    "title": str(row.get(title) or ""),
                    "url": row[url],
                    "text": str(row.get(text) or "")[:SNIPPET],
                }
            )
    return found[:count]


class _Page(HTMLParser):
    """Reads the results of DuckDuckGo's page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Json] = []
        self._into = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        classes = (values.get("class") or "").split()
        if tag == "a" and "result__a" in classes:
            self.found.append({"title": "", "url": _target(values.get("href") or ""), "text": ""})
            self._into = "title"
        elif "result__snippet" in classes and self.found:
            self._into = "text"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "div", "td"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into:
            self.found[-1][self._into] = (self.found[-1][self._into] + data)[:SNIPPET]


def _target(href: str) -> str:
    """Where a result leads: DuckDuckGo sends people through an address of its own."""
    asked = parse_qs(urlsplit(href).query).get("uddg")
    return asked[0] if asked else href
