from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from flowstudio.engine.item import Binary, Item
from flowstudio.errors import CredentialError, NodeError, ParameterError
from flowstudio.nodes.credentials import JwtAuth
from flowstudio.nodes.http.answer import SANDBOX
from flowstudio.nodes.http.respond import RespondToWebhook
from tests.nodes.http.harness import World, item

PHOTO = Binary("00", "image/png", "sea.png", 3)
ITEMS = [item({"a": 1, "b": {"c": "x"}}, photo=PHOTO), item({"a": 2}, index=1)]
PLAIN = {"x-content-type-options": "nosniff"}


async def respond(items: list[Item] = ITEMS, **properties: Any) -> dict[str, Any]:
    """The answer; the items must come out as they came in."""
    world = World()
    node = RespondToWebhook.model_validate(properties)
    assert await node.run({"main": items} if items else {}, world.context) == {"main": items}
    [answer] = world.responses
    return answer


@pytest.mark.parametrize(
    ("properties", "items", "answer"),
    [
        ({}, ITEMS, {"status": 200, "headers": PLAIN, "json": ITEMS[0].json}),
        ({"field": "b.c"}, ITEMS, {"status": 200, "headers": PLAIN, "json": "x"}),
        ({}, [], {"status": 200, "headers": PLAIN, "json": {}}),
        (
            {"respond_with": "all_items", "status": 201},
            ITEMS,
            {"status": 201, "headers": PLAIN, "json": [ITEMS[0].json, {"a": 2}]},
        ),
        ({"respond_with": "all_items"}, [], {"status": 200, "headers": PLAIN, "json": []}),
        (
            {"respond_with": "json", "json": '{"x": 1}'},
            ITEMS,
            {"status": 200, "headers": PLAIN, "json": {"x": 1}},
        ),
        ({"respond_with": "json", "json": [1]}, ITEMS, {"status": 200, "headers": PLAIN, "json": [1]}),
        ({"respond_with": "no_data", "status": 204}, ITEMS, {"status": 204, "headers": PLAIN, "body": ""}),
        (
            {
                "respond_with": "text",
                "text": "hi",
                "headers": [{"name": "Content-Type", "value": "text/plain"}],
            },
            ITEMS,
            {"status": 200, "headers": {"content-type": "text/plain", **PLAIN}, "body": "hi"},
        ),
        (
            {"respond_with": "binary"},
            ITEMS,
            {"status": 200, "headers": {"content-type": "image/png", **PLAIN}, "binary": PHOTO},
        ),
        (
            {"respond_with": "redirect", "url": "https://example.com/x"},
            ITEMS,
            {"status": 307, "headers": {"location": "https://example.com/x", **PLAIN}, "body": ""},
        ),
        (
            {"respond_with": "redirect", "url": "/x", "status": 302},
            ITEMS,
            {"status": 302, "headers": {"location": "/x", **PLAIN}, "body": ""},
        ),
    ],
)
async def test_answers_of_every_kind(
    properties: dict[str, Any], items: list[Item], answer: dict[str, Any]
) -> None:
    assert await respond(items, **properties) == answer


@pytest.mark.parametrize(
    ("content_type", "caged"),
    [
        (None, True),
        ("application/xhtml+xml", True),
        ("image/svg+xml", True),
        ("text/plain", False),
        ("text/csv", False),
    ],
)
async def test_pages_cannot_act_for_people_who_are_signed_in(content_type: str | None, caged: bool) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await respond(respond_with="text", text="<script>", headers=headers)
    assert (answer["headers"].get("content-security-policy") == SANDBOX) is caged


async def test_a_policy_of_ones_own_is_added_to_the_sandbox() -> None:
    answer = await respond(respond_with="text", headers={"Content-Security-Policy": "img-src 'none'"})
    assert answer["headers"]["content-security-policy"] == f"{SANDBOX}, img-src 'none'"


async def test_headers_that_belong_to_the_server_cannot_be_set() -> None:
    headers = {"Content-Length": 7, "Set-Cookie": "flowstudio_session=x", "X-Mine": 1}
    assert (await respond(headers=headers))["headers"] == {"x-mine": "1", **PLAIN}


@pytest.mark.parametrize("headers", [{"X": "a\r\nSet-Cookie: b"}, {"X Y": "1"}, {"X:": "1"}])
async def test_a_header_that_cannot_be_sent_is_named(headers: dict[str, str]) -> None:
    with pytest.raises(NodeError, match="cannot be sent"):
        await respond(headers=headers)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "example.com", "https://x/\r\nSet-Cookie: a=b", "https://x y"]
)
async def test_a_redirect_leads_to_an_address(url: str) -> None:
    with pytest.raises(ParameterError, match="must start with https://"):
        await respond(respond_with="redirect", url=url)


async def test_a_missing_file_is_named() -> None:
    with pytest.raises(NodeError, match="no file 'scan' to respond with; the first item has: 'photo'"):
        await respond(respond_with="binary", binary="scan")
    with pytest.raises(NodeError, match="the first item has: none"):
        await respond([], respond_with="binary")


async def test_a_signed_token() -> None:
    secret = "a secret that is long enough for HS256"
    answer = await respond(
        respond_with="jwt", claims='{"sub": "ann", "iat": 5}', account=JwtAuth(secret=SecretStr(secret))
    )
    assert jwt.decode(answer["json"]["token"], secret, ["HS256"]) == {"sub": "ann", "iat": 5}


@pytest.mark.parametrize(
    ("properties", "error", "words"),
    [
        ({"claims": {}}, CredentialError, "No credential"),
        ({"claims": [1], "account": JwtAuth(secret=SecretStr("x" * 32))}, ParameterError, "JSON object"),
        ({"claims": {}, "account": JwtAuth()}, CredentialError, "no key to sign with HS256"),
        (
            {"claims": {}, "account": JwtAuth(algorithm="RS256", private_key=SecretStr("no key"))},
            NodeError,
            "cannot be signed",
        ),
    ],
)
async def test_a_token_that_cannot_be_signed_is_an_error(
    properties: dict[str, Any], error: type[NodeError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await respond(respond_with="jwt", **properties)
