"""The Webhook trigger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from flowstudio.engine.item import Item, Json
from flowstudio.engine.node import Choice, Credential, Example, ShowIf, TriggerNode
from flowstudio.engine.workflow import NodeData
from flowstudio.nodes.credentials import BasicAuth, HeaderAuth, JwtAuth, SignatureAuth
from flowstudio.nodes.http.answer import Answer, answer, answer_file, field_of
from flowstudio.nodes.http.fields import Parameters, text_of

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
CallerAccount: TypeAlias = BasicAuth | HeaderAuth | JwtAuth | SignatureAuth

NOTHING_TO_GIVE = {"message": "The workflow has run, but its last node gave no data."}


class Webhook(TriggerNode):
    """Start the workflow when somebody calls its web address.

    The address is `/webhook/` followed by the path, once the workflow is switched on; while you test in the editor it
    is `/webhook-test/` and the path. A part of the path that begins with a colon takes any text: with `orders/:id`, the
    call of `orders/7` brings `params.id` = `7`.

    The item holds what the call brought: `headers`, `params`, `query` and `body`. Files that are sent along become files
    of the item.
    """

    type = "webhook"
    label = "Webhook"
    group = "Triggers"
    icon = "webhook"
    subtitle = "{method} {path}"
    arms = True
    examples = (
        Example(
            "An order arrives",
            properties={"path": "orders", "method": "POST"},
            given=[{"headers": {}, "params": {}, "query": {}, "body": {"sku": "KB-101", "quantity": 2}}],
            gives=[{"headers": {}, "params": {}, "query": {}, "body": {"sku": "KB-101", "quantity": 2}}],
        ),
        Example(
            "A browser asks for one order",
            properties={"path": "orders/:id", "respond": "last-node"},
            given=[{"headers": {}, "params": {"id": "7"}, "query": {"lang": "de"}, "body": {}}],
            gives=[{"headers": {}, "params": {"id": "7"}, "query": {"lang": "de"}, "body": {}}],
        ),
    )
    account_types: ClassVar[dict[str, tuple[str, ...]]] = {
        "basic": (BasicAuth.type,),
        "header": (HeaderAuth.type,),
        "jwt": (JwtAuth.type,),
        "signature": (SignatureAuth.type,),
    }
    """The credential types that fit an authentication."""

    path: Annotated[str, Field(max_length=500, pattern=r"^[^?#\s]*$")] = ""
    """The last part of the address. Left empty, it is made up, so that nobody guesses it."""
    method: Annotated[Method | list[Method], Field(title="HTTP method")] = "GET"
    """How the address is called; also a list of several methods."""
    authentication: Annotated[
        Literal["none", "basic", "header", "jwt", "signature"],
        Choice(
            {
                "none": "Anybody",
                "basic": "Basic auth",
                "header": "Header auth",
                "jwt": "JWT",
                "signature": "HMAC signature",
            }
        ),
        Field(title="Who may call"),
    ] = "none"
    """How callers show that they may call."""
    account: Annotated[
        CallerAccount | None,
        Credential("Credential", (BasicAuth.type, HeaderAuth.type, JwtAuth.type, SignatureAuth.type)),
        ShowIf("authentication", ("basic", "header", "jwt", "signature")),
    ] = None
    """What callers must know."""
    respond: Annotated[
        Literal["immediately", "last-node", "respond-node", "stream"],
        Choice(
            {
                "immediately": "At once",
                "last-node": "When the last node is done",
                "respond-node": "By a Respond to Webhook node",
                "stream": "Word by word, as models answer",
            }
        ),
    ] = "immediately"
    """When the caller gets an answer."""
    response_data: Annotated[
        Literal["first_item", "all_items", "binary", "no_data"],
        Choice(
            {
                "first_item": "The first item",
                "all_items": "All items",
                "binary": "A file of the first item",
                "no_data": "Nothing",
            }
        ),
        ShowIf("respond", ("last-node",)),
    ] = "first_item"
    """What of the last node's items the caller gets."""
    response_field: Annotated[str, ShowIf("response_data", ("first_item",))] = ""
    """Answer with one field of the item only, such as `order.total`; empty for the whole item."""
    response_binary: Annotated[str, ShowIf("response_data", ("binary",)), Field(title="Response file")] = ""
    """The name of the file; empty for the first one."""
    response_text: Annotated[str | None, ShowIf("respond", ("immediately",))] = None
    """What the caller reads at once; left out, a short message in JSON."""
    response_code: Annotated[int, ShowIf("respond", ("immediately", "last-node")), Field(ge=200, le=599)] = (
        200
    )
    """The status code of the answer."""
    response_headers: Annotated[
        Parameters, ShowIf("respond", ("immediately", "last-node")), Field(default_factory=list)
    ]
    """Headers of the answer."""
    response_content_type: Annotated[str, ShowIf("respond", ("immediately", "last-node"))] = ""
    """What kind of data the answer is, such as `text/csv`; empty to go by the data."""
    allowed_origins: str = "*"
    """Web sites whose pages may call from a browser, separated by commas; `*` for all."""
    raw_body: bool = False
    """Keep the body exactly as it was sent, as the file `data`, instead of reading it."""
    idempotency_header: Annotated[str, Field(max_length=100, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]*$")] = (
        "Idempotency-Key"
    )
    """Callers that send a call again give it the same value in this header: the workflow runs once, and they get the same answer
    as long as its execution is kept. Left empty, each call counts."""
    rate_limit: Annotated[int, Field(ge=0, le=100_000, title="Calls a minute, at most")] = 0
    """More calls are told to come back later (status 429); 0 for no limit."""

    @classmethod
    def addresses(cls, node_id: str, properties: Json) -> list[tuple[str, str]]:
        """Method and path of every address of a node with these properties; nothing for properties that make none."""
        path = properties.get("path") or node_id
        methods = properties.get("method") or "GET"
        names = methods if isinstance(methods, list) else [methods]
        if not isinstance(path, str) or path.startswith("="):
            path = node_id
        return [(name, path.strip("/")) for name in names if isinstance(name, str)]

    @classmethod
    def lacks_account(cls, data: NodeData) -> bool:
        """Whether a node asks callers for something that it has no credential to check by."""
        return data.properties.get("authentication", "none") != "none" and not data.credentials.get("account")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the webhook takes."""
        return tuple(self.method) if isinstance(self.method, list) else (self.method,)

    def cors(self, origin: str | None) -> dict[str, str]:
        """Headers that let the page of an origin read the answer; none when it may not."""
        allowed = [entry.strip().rstrip("/") for entry in self.allowed_origins.split(",") if entry.strip()]
        if origin is None or not ("*" in allowed or origin in allowed):
            return {}
        return {
            "access-control-allow-origin": "*" if "*" in allowed else origin,
            "access-control-allow-methods": ", ".join(("OPTIONS", *self.methods)),
            "access-control-max-age": "300",
            "vary": "Origin",
        }

    def preflight(self, origin: str | None, requested_headers: str = "") -> Answer:
        """The answer to a browser that asks whether a page may call."""
        headers = self.cors(origin)
        if headers and requested_headers:
            headers["access-control-allow-headers"] = requested_headers
        return {"status": 204, "headers": headers, "body": ""}

    def accepted(self) -> Answer:
        """The answer that is given at once."""
        kind = self.response_content_type
        if self.response_text is None:
            return self._finished(kind, json={"message": "Workflow was started"})
        return self._finished(kind or "text/plain; charset=utf-8", body=self.response_text)

    def finished(self, items: Sequence[Item]) -> Answer:
        """The answer made of the last node's items. Raises `NodeError` when they do not have what it needs."""
        kind = self.response_content_type
        match self.response_data:
            case "no_data":
                return self._finished(kind, body="")
            case "binary":
                made = answer_file(self.response_code, self.response_headers, items, self.response_binary)
                if kind:
                    made["headers"]["content-type"] = kind
                return made
            case "all_items":
                return self._finished(kind, json=[item.json for item in items])
            case "first_item":
                value = field_of(items[0].json, self.response_field) if items else NOTHING_TO_GIVE
                plain = kind and "json" not in kind
                return (
                    self._finished(kind, body=text_of(value)) if plain else self._finished(kind, json=value)
                )

    def _finished(self, content_type: str, **content: Any) -> Answer:
        return answer(self.response_code, self.response_headers, content_type, **content)
