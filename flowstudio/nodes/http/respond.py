"""The Respond to Webhook node."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import jwt
from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Choice, Credential, Example, Inputs, ShowIf, Widget
from flowstudio.errors import CredentialError, NodeError, ParameterError
from flowstudio.nodes.credentials import JwtAuth
from flowstudio.nodes.http.answer import Answer, answer, answer_file, field_of
from flowstudio.nodes.http.fields import JsonValue, Parameters


class RespondToWebhook(BatchNode):
    """Answer the caller of the workflow's webhook, at this point of the workflow.

    Set **Respond** of the Webhook to *by a Respond to Webhook node*. The first answer counts; the workflow goes on
    afterwards, with the same items. In a run that no webhook started there is nobody to answer, and the items just
    pass through.

    Web pages that you answer with are shown in a sandbox: their scripts run, but cannot act for the people who are
    signed in to FlowStudio.
    """

    type = "respond-to-webhook"
    label = "Respond to Webhook"
    group = "Actions"
    icon = "reply"
    subtitle = "{respond_with}"
    examples = (
        Example(
            "Answer with all items; they also go on",
            properties={"respond_with": "all_items"},
            given=[{"id": 1}, {"id": 2}],
            gives=[{"id": 1}, {"id": 2}],
        ),
        Example(
            "Thank in words of your own",
            properties={
                "respond_with": "json",
                "json": '={"message": "Thank you, {{ $json.name }}"}',
                "status": 201,
            },
            given=[{"name": "Ann"}],
            gives=[{"name": "Ann"}],
        ),
    )

    respond_with: Annotated[
        Literal["all_items", "first_item", "json", "text", "binary", "redirect", "jwt", "no_data"],
        Choice(
            {
                "all_items": "All items",
                "first_item": "The first item",
                "json": "JSON",
                "text": "Text",
                "binary": "A file",
                "redirect": "A redirect",
                "jwt": "A signed token (JWT)",
                "no_data": "Nothing",
            }
        ),
    ] = "first_item"
    """What the caller gets."""
    field: Annotated[str, ShowIf("respond_with", ("first_item",))] = ""
    """Answer with one field of the item only, such as `order.total`; empty for the whole item."""
    json_: Annotated[
        JsonValue, Widget("json"), ShowIf("respond_with", ("json",)), Field(alias="json", title="JSON")
    ] = None
    """The data to answer with."""
    text: Annotated[str, Widget("multiline"), ShowIf("respond_with", ("text",))] = ""
    """The text to answer with; shown as a web page unless a `Content-Type` header says otherwise."""
    binary: Annotated[str, ShowIf("respond_with", ("binary",)), Field(title="File")] = ""
    """The name of the file of the first item; empty for its first file."""
    url: Annotated[str, ShowIf("respond_with", ("redirect",)), Field(title="URL")] = ""
    """Where the caller is sent."""
    claims: Annotated[JsonValue, Widget("json"), ShowIf("respond_with", ("jwt",))] = None
    """The content of the token, a JSON object."""
    account: Annotated[
        JwtAuth | None, Credential("JWT key", (JwtAuth.type,)), ShowIf("respond_with", ("jwt",))
    ] = None
    """What the token is signed with."""
    status: Annotated[int | None, Field(ge=200, le=599, title="Status code")] = None
    """The status code; empty for 200, or 307 for a redirect."""
    headers: Annotated[Parameters, Field(default_factory=list, title="Response headers")]
    """Headers to answer with."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Answer, and pass the items on."""
        items = list(inputs.get("main", ()))
        ctx.respond(self._answer(items))
        return {"main": items}

    def _answer(self, items: list[Item]) -> Answer:
        status = self.status or 200
        match self.respond_with:
            case "all_items":
                return answer(status, self.headers, json=[item.json for item in items])
            case "first_item":
                return answer(status, self.headers, json=field_of(items[0].json, self.field) if items else {})
            case "json":
                return answer(status, self.headers, json=self.json_)
            case "text":
                return answer(status, self.headers, "text/html; charset=utf-8", body=self.text)
            case "binary":
                return answer_file(status, self.headers, items, self.binary)
            case "redirect":
                return self._redirect()
            case "jwt":
                return answer(status, self.headers, json={"token": self._token()})
            case "no_data":
                return answer(status, self.headers, body="")

    def _redirect(self) -> Answer:
        target = self.url.strip()
        if not target.startswith(("http://", "https://", "/")) or any(ord(c) < 33 for c in target):
            raise ParameterError(
                "The address to send the caller to must start with https://, http:// or /.", parameter="url"
            )
        made = answer(self.status or 307, self.headers, body="")
        made["headers"]["location"] = target
        return made

    def _token(self) -> str:
        if self.account is None:
            raise CredentialError("No credential is chosen that the token could be signed with.")
        if not isinstance(self.claims, dict):
            raise ParameterError("The content of a token must be a JSON object.", parameter="claims")
        key = self.account.signing_key()
        if not key:
            raise CredentialError(
                f"The JWT credential has no key to sign with {self.account.algorithm}. Fill it in."
            )
        try:
            return jwt.encode({"iat": int(time.time()), **self.claims}, key, self.account.algorithm)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NodeError(f"The token cannot be signed: {error}.") from error
