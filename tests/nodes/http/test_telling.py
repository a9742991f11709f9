"""What the run log tells of HTTP requests, and what it keeps back."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from flowstudio.errors import NodeError
from flowstudio.nodes.credentials import HeaderAuth, QueryAuth
from flowstudio.nodes.http.request import HttpRequest
from flowstudio.nodes.http.telling import HIDDEN, told_headers, told_url
from flowstudio.outbound import Outbound
from tests.nodes.http.harness import World, item
from tests.outbound.server import Reply, serving

SECRETS = ("s3cret-header", "s3cret-query", "s3cret-own", "s3cret-body", "s3cret-cookie", "s3cret-answer")


@pytest.mark.parametrize(
    "account",
    [
        HeaderAuth(name="X-Service", value=SecretStr("s3cret-header")),
        QueryAuth(name="k", value=SecretStr("s3cret-query")),
    ],
)
async def test_a_request_is_told_with_its_response_and_without_any_secret(
    account: HeaderAuth | QueryAuth,
) -> None:
    refusal = Reply(
        status=418,
        body={"why": "teapot", "token": "s3cret-answer"},
        headers=[("Set-Cookie", "a=s3cret-cookie")],
    )
    async with serving(lambda request: refusal) as server:
        outbound = Outbound(["127.0.0.1"])
        world = World({Outbound: outbound})
        node = HttpRequest.model_validate(
            {
                "url": server.url("/tea?cup=2&api_key=s3cret-own"),
                "method": "POST",
                "authentication": "credential",
                "account": account,
                "headers": [
                    {"name": "Authorization", "value": "Bearer s3cret-own"},
                    {"name": "X-Lang", "value": "de"},
                ],
                "body": "json",
                "body_mode": "json",
                "body_json": {"sugar": 1, "password": "s3cret-body"},
            }
        )
        context = world.context
        with pytest.raises(NodeError):
            await node.run(item(), context)
        await outbound.close()
    (step,) = context.steps.record()
    assert (step["kind"], step["name"], step["error"][:3]) == ("http", "POST 127.0.0.1", "418")
    assert step["input"]["headers"]["x-lang"] == "de"
    assert step["input"]["body"] == {"sugar": 1, "password": HIDDEN}
    assert step["input"]["url"].endswith(f"/tea?cup=2&api_key={HIDDEN}")
    assert (step["output"]["status"], step["output"]["body"]["why"]) == (418, "teapot")
    assert step["milliseconds"] is not None
    told = json.dumps(step)
    assert not [secret for secret in SECRETS if secret in told]


def test_user_and_password_leave_an_address_and_harmless_names_stay() -> None:
    assert told_url("https://ann:pw@example.com/a?page=2#x") == "https://example.com/a?page=2"
    shown = told_headers([("Monkey", "1"), ("X-API-Key", "2"), ("Idempotency-Key", "3"), ("Cookie", "4")])
    assert shown == {"monkey": "1", "x-api-key": HIDDEN, "idempotency-key": HIDDEN, "cookie": HIDDEN}
