"""The HTTP Request node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Code, Credential, Example, ItemNode, Pace, ShowIf, Widget
from flowstudio.errors import CredentialError, NodeError, ParameterError
from flowstudio.nodes.http.authentication import ACCOUNT_TYPES, HttpAccount, authentication
from flowstudio.nodes.http.draft import Body, Draft, File, Rows
from flowstudio.nodes.http.fields import BodyField, JsonValue, PageParameter, Parameters
from flowstudio.nodes.http.pagination import Expressions, Rules, pages
from flowstudio.nodes.http.reading import failure, items_of
from flowstudio.nodes.http.telling import told_request, told_response
from flowstudio.outbound import Outbound, Request, Response


class HttpRequest(ItemNode):
    """Call a web address and use what it answers: fetch data, send data, or download a file.

    The node makes one request for each item. A list in the response becomes one item per element, an object becomes
    one item, a text is put into the field `data`, and a file (an image, a PDF, …) becomes a file of the item.

    An answer that reports an error (status 400 and above) fails the item. The node's settings decide what then happens:
    stop, go on, or try again. Trying again sends the request again, also when it creates something; for services that
    know it, switch on **Idempotency key**, so that a repeated request counts once.

    Addresses of the own network are refused until an admin allows them. An address that starts with `/samples/` fetches
    sample data that FlowStudio brings along.
    """

    type = "http-request"
    label = "HTTP Request"
    group = "Actions"
    icon = "globe"
    subtitle = "{method}: {url}"
    examples = (
        Example(
            "Fetch a list: each element becomes an item",
            properties={"url": "/samples/products.json"},
            given=[{}],
            gives=[
                {"sku": "KB-101", "name": "Keyboard", "price": 79.0},
                {"sku": "MS-204", "name": "Mouse", "price": 29.5},
                {"sku": "MN-330", "name": 'Monitor 27"', "price": 249.0},
                {"sku": "HB-009", "name": "USB hub", "price": 24.9},
                {"sku": "WC-511", "name": "Webcam", "price": 64.0},
                {"sku": "HS-720", "name": "Headset", "price": 119.0},
                {"sku": "DS-880", "name": "Desk lamp", "price": 39.0},
                {"sku": "CH-415", "name": "Office chair", "price": 329.0},
                {"sku": "ST-050", "name": "Laptop stand", "price": 45.0},
                {"sku": "CB-002", "name": "Cable set", "price": 12.5},
                {"sku": "SP-610", "name": "Speaker", "price": 89.0},
                {"sku": "MC-340", "name": "Microphone", "price": 139.0},
            ],
        ),
        Example(
            "Take an error as an answer",
            properties={"url": "=/samples/{{ $json.file }}", "response_format": "text", "never_error": True},
            given=[{"file": "nothing.txt"}],
            gives=[{"data": "There is no sample 'nothing.txt'."}],
        ),
    )

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    """What to do at the address: GET fetches, POST sends, PUT and PATCH change, DELETE removes."""
    url: Annotated[str, Field(min_length=1, title="URL"), Widget("url")]
    """The address, starting with `https://` or `http://`."""
    authentication: Annotated[
        Literal["none", "credential"], Choice({"none": "None", "credential": "Credential"})
    ] = "none"
    """Whether the service asks who calls."""
    account: Annotated[
        HttpAccount | None,
        Credential("Credential", ACCOUNT_TYPES),
        ShowIf("authentication", ("credential",)),
    ] = None
    """The stored secret that is sent along. It is never sent to another server that a redirect leads to."""

    query_mode: Annotated[
        Literal["fields", "json"],
        Choice({"fields": "Fields", "json": "JSON"}),
        Field(title="Query parameters as"),
    ] = "fields"
    """Fill in names and values, or one JSON object."""
    query: Annotated[
        Parameters, ShowIf("query_mode", ("fields",)), Field(default_factory=list, title="Query parameters")
    ]
    """What is added to the address, as in `?name=value`."""
    query_json: Annotated[
        JsonValue, Widget("json"), ShowIf("query_mode", ("json",)), Field(title="Query parameters (JSON)")
    ] = None
    """A JSON object of names and values."""
    query_arrays: Annotated[
        Literal["repeat", "brackets", "indices"],
        Choice({"repeat": "Repeat the name: a=1&a=2", "brackets": "a[]=1&a[]=2", "indices": "a[0]=1&a[1]=2"}),
        Field(title="Lists in query and forms"),
    ] = "brackets"
    """How a parameter that is a list is written."""
    headers_mode: Annotated[
        Literal["fields", "json"], Choice({"fields": "Fields", "json": "JSON"}), Field(title="Headers as")
    ] = "fields"
    """Fill in names and values, or one JSON object."""
    headers: Annotated[Parameters, ShowIf("headers_mode", ("fields",)), Field(default_factory=list)]
    """Headers to send, such as `Accept`."""
    headers_json: Annotated[
        JsonValue, Widget("json"), ShowIf("headers_mode", ("json",)), Field(title="Headers (JSON)")
    ] = None
    """A JSON object of names and values."""

    body: Annotated[
        Literal["none", "json", "form", "multipart", "raw", "binary"],
        Choice(
            {
                "none": "None",
                "json": "JSON",
                "form": "Form (URL encoded)",
                "multipart": "Form with files (multipart)",
                "raw": "Text of any type",
                "binary": "File of the item",
            }
        ),
    ] = "none"
    """What to send to the address."""
    body_mode: Annotated[
        Literal["fields", "json"],
        Choice({"fields": "Fields", "json": "JSON"}),
        ShowIf("body", ("json", "form")),
        Field(title="Body as"),
    ] = "fields"
    """Fill in names and values, or the whole JSON."""
    body_fields: Annotated[
        list[BodyField],
        ShowIf("body", ("json", "form", "multipart")),
        ShowIf("body_mode", ("fields",)),
        Field(default_factory=list),
    ]
    """The fields to send."""
    body_json: Annotated[
        JsonValue,
        Widget("json"),
        ShowIf("body", ("json", "form")),
        ShowIf("body_mode", ("json",)),
        Field(title="Body (JSON)"),
    ] = None
    """The JSON to send."""
    body_text: Annotated[str, Widget("multiline"), ShowIf("body", ("raw",))] = ""
    """The text to send."""
    body_content_type: Annotated[str, ShowIf("body", ("raw",)), Field(title="Content type")] = "text/plain"
    """What kind of text it is, such as `application/xml`."""
    body_file: Annotated[str, ShowIf("body", ("binary",)), Field(title="File")] = "data"
    """The name of the item's file, such as `data`."""

    response_format: Annotated[
        Literal["auto", "json", "text", "file"],
        Choice({"auto": "Find out by its type", "json": "JSON", "text": "Text", "file": "File"}),
    ] = "auto"
    """How to read the response."""
    response_field: Annotated[
        str, ShowIf("response_format", ("auto", "text", "file")), Field(min_length=1)
    ] = "data"
    """The field that gets a text, or the name that a file gets."""
    full_response: bool = False
    """Give the status code and the headers as well, with the content in `body`: one item per response."""
    never_error: bool = False
    """Take a response that reports an error as an answer like any other."""
    follow_redirects: bool = True
    """Go on to the address that the response names."""
    max_redirects: Annotated[int, ShowIf("follow_redirects", (True,)), Field(ge=1, le=100)] = 21
    """How many redirects are followed."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """Seconds until the whole response must have arrived."""
    batch_size: Annotated[int, Field(ge=1, le=1000, title="Requests at once")] = 10
    """How many items are sent at the same time."""
    batch_interval: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds to wait between one batch of requests and the next."""
    lowercase_headers: bool = True
    """Send the names of headers in lower case."""
    idempotency_key: Annotated[bool, Field(title="Idempotency key")] = False
    """Send the header `Idempotency-Key`: the same when a request is repeated after a failure, another one for each item."""
    ignore_ssl_issues: Annotated[bool, Field(title="Ignore SSL issues")] = False
    """Also accept certificates that are not trusted. Then nobody can be sure who answers: only for servers that you know."""

    pagination: Annotated[
        Literal["off", "update_parameter", "next_url"],
        Choice(
            {
                "off": "Off",
                "update_parameter": "Change a parameter from page to page",
                "next_url": "The response names the next address",
            }
        ),
    ] = "off"
    """Whether to go on asking for further pages of the result."""
    page_parameters: Annotated[
        list[PageParameter],
        Code("expression"),
        ShowIf("pagination", ("update_parameter",)),
        Field(default_factory=list),
    ]
    """What changes from page to page."""
    next_url: Annotated[
        str, Code("expression"), ShowIf("pagination", ("next_url",)), Field(title="Next URL")
    ] = ""
    """An expression that finds the next address, such as `={{ $response.body.next }}`; empty means that this was the last page."""
    complete_when: Annotated[
        Literal["empty", "status", "expression"],
        Choice(
            {
                "empty": "The response is empty",
                "status": "The response has a certain status",
                "expression": "An expression says so",
            }
        ),
        ShowIf("pagination", ("update_parameter", "next_url")),
        Field(title="Complete when"),
    ] = "empty"
    """How to know the end."""
    complete_status_codes: Annotated[str, ShowIf("complete_when", ("status",))] = "404"
    """Status codes that mean that there are no more pages, separated by commas."""
    complete_expression: Annotated[str, Code("expression"), ShowIf("complete_when", ("expression",))] = ""
    """An expression that is true at the last page, such as `={{ $response.body.items.length < 50 }}`."""
    max_pages: Annotated[int | None, ShowIf("pagination", ("update_parameter", "next_url")), Field(ge=1)] = (
        None
    )
    """The most pages to fetch; empty for all."""
    page_interval: Annotated[
        float, ShowIf("pagination", ("update_parameter", "next_url")), Field(ge=0, le=3600)
    ] = 0.0
    """Seconds to wait between two pages."""

    @field_validator("complete_status_codes")
    @classmethod
    def _are_codes(cls, value: str) -> str:
        if not all(part.strip().isdigit() for part in value.split(",") if part.strip()):
            raise ValueError("write status codes, separated by commas, such as 404, 410")
        return value

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many requests at once as the form says."""
        return Pace(first.batch_size, first.batch_interval)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Make the request, or one for each page, and turn the responses into items."""
        outbound, settings = ctx.use(Outbound), self._settings(ctx)
        draft = await self._draft(item, ctx)

        async def send(prepared: Draft) -> Response:
            request = prepared.finish(settings)
            host = urlsplit(request.url).hostname or request.url
            with ctx.steps.open("http", f"{self.method} {host}", input=told_request(request)) as step:
                response = await outbound.request(request)
                step.output = told_response(response)
                if response.status >= 400:
                    step.error = f"{response.status} {response.reason}".strip()
            if (
                response.status >= 400
                and not self.never_error
                and response.status not in self._complete_codes()
            ):
                raise failure(response, self.method)
            return response

        found: list[Item] = []
        if self.pagination == "off":
            responses = [await send(draft)]
        else:
            responses = [page async for page in pages(draft, self._rules(), Expressions(item, ctx), send)]
        for response in responses:
            found += await items_of(
                response,
                self.response_format,
                field=self.response_field,
                full=self.full_response,
                item=item,
                binaries=ctx.host.binaries,
            )
        return {"main": found}

    def _settings(self, ctx: Context) -> Request:
        """What is the same for all pages."""
        auth: httpx.Auth | None = None
        if self.authentication == "credential":
            if self.account is None:
                raise CredentialError("No credential is chosen. Choose one, or set authentication to none.")
            auth = authentication(self.account, ctx.host.services, ctx.host.secrets)
        return Request(
            self.method,
            self.url,
            auth=auth,
            verify=not self.ignore_ssl_issues,
            timeout=self.timeout,
            max_redirects=self.max_redirects if self.follow_redirects else 0,
        )

    def _rules(self) -> Rules:
        if self.pagination == "next_url" and not self.next_url:
            raise ParameterError("Say how the next address is found.", parameter="next_url")
        return Rules(
            parameters=self.page_parameters if self.pagination == "update_parameter" else (),
            next_url=self.next_url if self.pagination == "next_url" else "",
            complete_when=self.complete_when,
            complete_codes=self._complete_codes(),
            complete_expression=self.complete_expression if self.complete_when == "expression" else "",
            max_pages=self.max_pages,
            interval=self.page_interval,
            format=self.response_format,
        )

    def _complete_codes(self) -> frozenset[int]:
        if self.pagination == "off" or self.complete_when != "status":
            return frozenset()
        return frozenset(int(part) for part in self.complete_status_codes.split(",") if part.strip())

    async def _draft(self, item: Item, ctx: Context) -> Draft:
        headers = self._rows("headers", self.headers_mode, self.headers, self.headers_json)
        if self.idempotency_key:
            index = item.paired_item[0].index if item.paired_item else 0
            headers = [*headers, ("Idempotency-Key", f"{ctx.idempotency_key}/{index}")]
        return Draft(
            self.method,
            self.url,
            self._rows("query", self.query_mode, self.query, self.query_json),
            headers,
            await self._body(item, ctx),
            self.query_arrays,
            self.lowercase_headers,
        )

    @staticmethod
    def _rows(name: str, mode: str, fields: Parameters, json: Any) -> Rows:
        if mode == "fields":
            return [(row.name, row.value) for row in fields if row.name]
        if json is not None and not isinstance(json, dict):
            raise ParameterError(
                f"{name}_json must be a JSON object of names and values.", parameter=f"{name}_json"
            )
        return list((json or {}).items())

    async def _body(self, item: Item, ctx: Context) -> Body:
        match self.body:
            case "none":
                return Body()
            case "raw":
                kind = self.body_content_type
                kind += "" if "charset=" in kind or not kind.startswith("text/") else "; charset=utf-8"
                return Body("bytes", self.body_text.encode(), kind)
            case "binary":
                file = await self._file(self.body_file, item, ctx)
                return Body("bytes", file.data, file.mime_type)
            case "multipart":
                rows = [
                    (row.name, await self._file(row.file, item, ctx) if row.kind == "file" else row.value)
                    for row in self.body_fields
                ]
                return Body("multipart", rows)
            case "json" if self.body_mode == "json":
                return Body("json", self.body_json)
            case "json":
                return Body("json", {row.name: row.value for row in self.body_fields})
            case "form":
                fields = [(row.name, row.value) for row in self.body_fields]
                return Body(
                    "form",
                    fields if self.body_mode == "fields" else self._rows("body", "json", [], self.body_json),
                )

    @staticmethod
    async def _file(name: str, item: Item, ctx: Context) -> File:
        binary = (item.binary or {}).get(name)
        if binary is None:
            have = ", ".join(f"'{key}'" for key in item.binary or {}) or "none"
            raise NodeError(f"The item has no file '{name}'; it has: {have}.")
        return File(binary.file_name, binary.mime_type, await ctx.host.binaries.get(binary))
