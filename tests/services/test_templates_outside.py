"""Templates that call services: what they ask for is what the services document, and they make sense of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowstudio.engine.workflow import dump_workflow
from flowstudio.outbound.oauth import Grant
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.nodes.google.spreadsheets import TOKEN as SHEETS_TOKEN
from tests.nodes.google.spreadsheets import Spreadsheets
from tests.outbound.server import LoopbackServer, Received, Reply, serving
from tests.services.conftest import start_runtime
from tests.services.test_templates import ASKING, TEMPLATES, Given, items_of

TOKEN = "the-token"
SHEETS = Spreadsheets({"your-spreadsheet": {"Sheet1": []}})


def github(request: Received) -> Reply:
    """Two issues and a pull request."""
    rows = [
        {
            "number": number,
            "title": title,
            "comments": 2,
            "html_url": f"https://github.com/x/{number}",
            "user": {"login": "ada"},
        }
        for number, title in ((7, "It crashes"), (8, "Fix the crash"), (9, "Add a button"))
    ]
    rows[1]["pull_request"] = {"url": "https://api.github.com/x"}
    return Reply(body=rows)


def stripe(request: Received) -> Reply:
    """Two pages of charges."""
    if ("starting_after", "ch_2") in request.query:
        return Reply(body={"object": "list", "has_more": False, "data": [charge("ch_3", 500, "jpy")]})
    page = [
        charge("ch_1", 1250, "eur"),
        charge("ch_2", 1000, "eur", refunded=400),
        charge("ch_0", 9999, "eur", paid=False),
    ]
    page.append(page.pop(1))
    return Reply(body={"object": "list", "has_more": True, "data": page})


def charge(id_: str, amount: int, currency: str, *, refunded: int = 0, paid: bool = True) -> dict[str, Any]:
    """A payment as Stripe tells it."""
    return {
        "id": id_,
        "object": "charge",
        "amount": amount,
        "amount_refunded": refunded,
        "currency": currency,
        "paid": paid,
    }


def hubspot(request: Received) -> Reply:
    """A contact that is known already."""
    return Reply(
        409,
        body={
            "status": "error",
            "message": "Contact already exists. Existing ID: 51",
            "category": "CONFLICT",
        },
    )


def meteo(request: Received) -> Reply:
    """A forecast of two days."""
    days = {
        "time": ["2026-03-01", "2026-03-02"],
        "temperature_2m_max": [8.1, 9.4],
        "precipitation_probability_max": [10, 80],
    }
    return Reply(body={"latitude": 52.52, "longitude": 13.41, "daily": days})


def frankfurter(request: Received) -> Reply:
    """Rates of a day."""
    return Reply(
        body={
            "amount": 1.0,
            "base": "EUR",
            "date": "2026-03-02",
            "rates": {"USD": 1.1, "GBP": 0.85, "CHF": 0.95},
        }
    )


SERVICES: dict[str, Callable[[Received], Reply]] = {
    "api.github.com": github,
    "api.stripe.com": stripe,
    "api.hubapi.com": hubspot,
    "api.open-meteo.com": meteo,
    "api.frankfurter.dev": frankfurter,
    "hooks.slack.com": lambda request: Reply(body="ok"),
    "example.com": lambda request: Reply(body="<h1>Hello</h1>"),
    "sheets": SHEETS.answer,
    "www.wikipedia.org": lambda request: Reply(503, body="down"),
}


def internet(request: Received) -> Reply:
    """All services, each under its name as the first part of the path."""
    host, _, path = request.target.removeprefix("/").partition("/")
    return SERVICES[host](Received(request.method, f"/{path}", request.headers, request.body))


async def google(runtime: Runtime, base_url: str) -> str:
    """A Google account that is connected."""
    values = {"client_id": "c", "client_secret": "s", "base_url": base_url}
    made = await runtime.credentials.create(COMMAND_LINE, "Google", "google-oauth2", values)
    record = await runtime.storage.credentials.get(made["id"])
    assert record is not None
    assert await runtime.tokens.keep(record.id, Grant(SHEETS_TOKEN), unchanged_since=record.updated_at)
    return record.id


async def run(runtime: Runtime, server: LoopbackServer, id_: str) -> Given:
    """Use a template with its services replaced by the test's, and a credential where one is asked for."""
    text = json.dumps(dump_workflow(TEMPLATES[id_].document))
    for host in SERVICES:
        text = text.replace(f"https://{host}", server.url(f"/{host}"))
    document = json.loads(text)
    credential = await runtime.credentials.create(COMMAND_LINE, "Key", "http-bearer", {"token": TOKEN})
    for node in document["nodes"]:
        if node["data"].get("properties", {}).get("authentication") == "credential":
            node["data"]["credentials"] = {"account": credential["id"]}
        if node["type"] == "google-sheets":
            node["data"]["credentials"] = {"account": await google(runtime, server.url("/sheets"))}
    made = await runtime.workflows.create(COMMAND_LINE, document)
    execution = await runtime.executions.execute(COMMAND_LINE, made.record.id)
    rest = await runtime.executions.wait(execution, 60)
    assert rest is not None
    assert (rest.status, rest.error) == ("success", None)
    return await items_of(runtime, execution, TEMPLATES[id_])


async def test_templates_speak_to_their_services(tmp_path: Path) -> None:
    runtime = await start_runtime(tmp_path, allow_hosts="127.0.0.1")
    tested = set()
    try:
        for id_, expect in EXPECTED.items():
            async with serving(internet) as server:
                gave = await run(runtime, server, id_)
                expect(gave, server.received)
            tested.add(id_)
    finally:
        await runtime.stop()
    outside = {id_ for id_, template in TEMPLATES.items() if template.needs != "nothing"}
    assert tested == outside - set(ASKING)


def github_digest(gave: Given, requests: list[Received]) -> None:
    (request,) = requests
    assert request.path == "/api.github.com/repos/octocat/Hello-World/issues"
    assert request.header("accept") == "application/vnd.github+json"
    assert request.header("authorization") == f"Bearer {TOKEN}"
    (digest,) = gave("Write the digest")
    assert digest["open"] == 2
    assert digest["digest"].startswith("2 open issues\n\n- #7 It crashes (ada, 2 comments)\n")


def stripe_payments(gave: Given, requests: list[Received]) -> None:
    assert len(requests) == 2
    assert all(name in dict(requests[0].query) for name in ("limit", "created[gte]"))
    assert gave("Add up") == [
        {"currency": "JPY", "payments": 1, "total": 500, "refunded": 0},
        {"currency": "EUR", "payments": 2, "total": 18.5, "refunded": 4},
    ]


def lead_to_crm(gave: Given, requests: list[Received]) -> None:
    (request,) = requests
    assert request.path == "/api.hubapi.com/crm/v3/objects/contacts"
    assert request.json == {
        "properties": {"email": "ada.adler@example.com", "firstname": "Ada", "lastname": "Adler"}
    }
    assert len(gave("Known already")) == 1
    assert gave("Thank them") == []


def slack_alert(gave: Given, requests: list[Received]) -> None:
    (request,) = requests
    assert request.path.startswith("/hooks.slack.com/services/")
    assert list(request.json) == ["text"]
    assert "articles are running low*\n• " in request.json["text"]


def weather(gave: Given, requests: list[Received]) -> None:
    (request,) = requests
    assert dict(request.query)["daily"] == "temperature_2m_max,precipitation_probability_max"
    (told,) = gave("Take an umbrella")
    assert told["message"] == "Take an umbrella: rain in Berlin tomorrow at 80 %, up to 9.4 °C."


def website_check(gave: Given, requests: list[Received]) -> None:
    (told,) = gave("Sum up")
    assert (told["checked"], told["broken"]) == (2, 1)
    assert told["summary"].startswith("Look at: ")
    assert told["summary"].endswith("(status 503)")


def currency_prices(gave: Given, requests: list[Received]) -> None:
    (request,) = requests
    assert dict(request.query) == {"base": "EUR", "symbols": "USD,GBP,CHF"}
    prices = gave("Work out prices")
    assert len(prices) == 12
    assert prices[0]["product"] == "Keyboard"
    assert (prices[0]["EUR"], prices[0]["USD"], prices[0]["GBP"]) == (
        79,
        pytest.approx(86.9),
        pytest.approx(67.15),
    )


def orders_to_sheet(gave: Given, requests: list[Received]) -> None:
    [sheet] = SHEETS.documents["your-spreadsheet"].values()
    assert sheet[:2] == [["Order", "Customer", "Status"], ["A-10194", "Farid Hansen", "open"]]
    assert len(sheet) == len(gave("Orders")) + 1
    assert SHEETS.log.count("values.append") == 2  # 2,400 rows, in pieces


EXPECTED = {
    "orders-to-sheet": orders_to_sheet,
    "github-digest": github_digest,
    "stripe-payments": stripe_payments,
    "lead-to-crm": lead_to_crm,
    "slack-alert": slack_alert,
    "weather": weather,
    "website-check": website_check,
    "currency-prices": currency_prices,
}
