"""The API Caller sub-node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote, urljoin, urlsplit

import httpx
from pydantic import Field

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.node import Choice, Credential, ShowIf, Widget
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.ai.parts import ToolNode
from flowstudio.nodes.ai.tool_parameters import ToolParameter, schema_of
from flowstudio.nodes.ai.toolbox import tool_name
from flowstudio.nodes.http.authentication import ACCOUNT_TYPES, HttpAccount, authentication
from flowstudio.nodes.http.fields import Parameters, encoded, text_of
from flowstudio.outbound import Outbound
from flowstudio.outbound.client import Request, Response

_PLACE = re.compile(r"\{([A-Za-z0-9_-]+)\}")
_REDIRECTS = 5
_LIMIT = 8 * 1024 * 1024


class ToolApiCaller(ToolNode):
    """Lets an agent call a web service in the way that you lay down; the agent only fills in the values.

    Write `{name}` into the address, the query, the headers or the body where a value of the agent belongs, and list these
    values below. Requests go to the hosts of your list only, whatever the agent writes, and wherever the service
    redirects to. The account is put on by FlowStudio; the agent never sees it.
    """

    type = "tool-api-caller"
    label = "API Caller"
    group = "Tools"
    icon = "cable"
    subtitle = "{method} {url}"

    name: Annotated[str, Field(min_length=1, max_length=64)] = "call_api"
    """What the agent calls the tool: letters, digits and `_`."""
    description: Annotated[str, Field(min_length=1), Widget("multiline")]
    """Tells the agent what the service does and when to call it."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """What is done at the address."""
    url: Annotated[str, Field(min_length=1, max_length=4000, title="Address"), Widget("url")]
    """The address, such as `https://api.example.com/orders/{order}`."""
    account: Annotated[HttpAccount | None, Credential("Account", ACCOUNT_TYPES)] = None
    """The account at the service, if it wants one."""
    hosts: Annotated[str, Field(max_length=2000, title="Allowed hosts")] = ""
    """Hosts that may be called, separated by commas; `*.example.com` allows all below it. Empty: the host of the address."""
    parameters: list[ToolParameter] = Field(default_factory=list)
    """The values that the agent fills in."""
    query: Parameters = Field(default_factory=list)
    """The query; values may hold `{name}`. What the agent leaves out is left out."""
    headers: Parameters = Field(default_factory=list)
    """Headers; values may hold `{name}`."""
    send: Annotated[
        Literal["nothing", "parameters", "text"],
        Choice({"nothing": "Nothing", "parameters": "All values as JSON", "text": "The text below"}),
        ShowIf("method", ("POST", "PUT", "PATCH", "DELETE")),
    ] = "nothing"
    """What is sent as the body."""
    body: Annotated[str, Widget("multiline"), ShowIf("send", ("text",))] = ""
    """The body; `{name}` becomes the value as JSON: `{"city": {city}}`."""
    limit: Annotated[int, Field(ge=100, le=1_000_000, title="Longest answer")] = 20_000
    """Characters of the service's answer that the agent gets."""
    timeout: Annotated[float, Field(gt=0, le=600)] = 30
    """Seconds that the service may take."""

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""
        allowed = self._allowed()
        out = ctx.use(Outbound)
        auth = (
            authentication(self.account, ctx.host.services, ctx.host.secrets)
            if self.account is not None
            else None
        )

        async def call(arguments: Mapping[str, Any]) -> Any:
            return self._told(await self._request(arguments, allowed, out, auth))

        return [Tool(ToolSpec(tool_name(self.name), self.description, schema_of(self.parameters)), call)]

    def _allowed(self) -> list[str]:
        hosts = [host.strip().lower() for host in self.hosts.split(",") if host.strip()]
        own = (urlsplit(self.url).hostname or "").lower()
        if not hosts and (not own or "{" in own):
            raise ParameterError(
                "List the allowed hosts: the address leaves its host to the agent.", parameter="hosts"
            )
        return hosts or [own]

    async def _request(
        self, arguments: Mapping[str, Any], allowed: Sequence[str], out: Outbound, auth: httpx.Auth | None
    ) -> Response:
        url = _PLACE.sub(lambda found: quote(text_of(arguments.get(found[1], "")), safe=""), self.url.strip())
        pairs = [
            (row.name, _filled(row.value, arguments))
            for row in self.query
            if not set(_PLACE.findall(text_of(row.value))) - set(arguments)
        ]
        if pairs:
            url += ("&" if "?" in url else "?") + encoded(pairs)
        headers = [(row.name, _one_line(_filled(row.value, arguments))) for row in self.headers]
        body = self._body(arguments)
        if body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        method = self.method
        for _ in range(_REDIRECTS + 1):
            _check(url, allowed)
            request = Request(
                method, url, headers, body, auth, timeout=self.timeout, max_redirects=0, limit=_LIMIT
            )
            response = await out.request(request)
            target = response.header("location")
            if response.status not in (301, 302, 303, 307, 308) or not target:
                return response
            following = urljoin(url, target)
            if _origin(following) != _origin(url):
                auth = None
                headers = [(n, v) for n, v in headers if n.lower() not in ("authorization", "cookie")]
            url = following
            if response.status in (301, 302, 303) and method != "GET":
                method, body = "GET", b""
        raise NodeError("The service redirects again and again.")

    def _body(self, arguments: Mapping[str, Any]) -> bytes:
        match self.send:
            case "parameters":
                return json.dumps(dict(arguments), ensure_ascii=False).encode()
            case "text":
                found = _PLACE.sub(
                    lambda place: (
                        json.dumps(arguments.get(place[1]), ensure_ascii=False)
                        if place[1] in {p.name for p in self.parameters}
                        else place[0]
                    ),
                    self.body,
                )
                return found.encode()
        return b""

    def _told(self, response: Response) -> str:
        text = response.body.decode("utf-8", errors="replace")
        if len(text) > self.limit:
            text = text[: self.limit] + "… (cut off)"
        return (
            text
            if response.status < 400
            else f"The service answered {response.status} {response.reason}: {text}"
        )


def _filled(value: Any, arguments: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda found: text_of(arguments.get(found[1], "")), text_of(value))


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\x00]+", " ", value)


def _check(url: str, allowed: Sequence[str]) -> None:
    """Refuse hosts that are not on the list."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise NodeError(f"'{url[:200]}' is not an address.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise NodeError(f"'{url[:200]}' is not an address to call.")
    for pattern in allowed:
        if host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:])):
            return
    raise NodeError(f"The host '{host}' is not allowed for this tool. Allowed: {', '.join(allowed)}.")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
