from typing import Any

import pytest
from pydantic import ValidationError

from flowstudio.engine.form import describe
from flowstudio.engine.item import Binary, Item
from flowstudio.errors import NodeError
from flowstudio.nodes.http.answer import SANDBOX
from flowstudio.nodes.triggers.webhook import NOTHING_TO_GIVE, Webhook

PLAIN = {"x-content-type-options": "nosniff"}


@pytest.mark.parametrize(
    ("properties", "addresses"),
    [
        ({}, [("GET", "n1")]),
        ({"path": ""}, [("GET", "n1")]),
        ({"path": "/orders/:id/", "method": "POST"}, [("POST", "orders/:id")]),
        ({"path": "a", "method": ["GET", "POST"]}, [("GET", "a"), ("POST", "a")]),
        ({"path": "={{ 1 }}"}, [("GET", "n1")]),
        ({"path": 7}, [("GET", "n1")]),
        ({"method": 7}, []),
    ],
)
def test_a_webhook_has_an_address_for_each_method(
    properties: dict[str, Any], addresses: list[tuple[str, str]]
) -> None:
    assert Webhook.addresses("n1", properties) == addresses


@pytest.mark.parametrize("path", ["a?b", "a#b", "a b", "x" * 501])
def test_a_path_that_no_call_could_match_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        Webhook.model_validate({"path": path})


@pytest.mark.parametrize(("given", "methods"), [("POST", ("POST",)), (["GET", "PUT"], ("GET", "PUT"))])
def test_methods_are_one_or_several(given: Any, methods: tuple[str, ...]) -> None:
    assert Webhook.model_validate({"method": given}).methods == methods


@pytest.mark.parametrize(
    ("allowed", "origin", "header"),
    [
        ("*", "https://a.example", "*"),
        ("https://a.example, https://b.example/", "https://b.example", "https://b.example"),
        ("https://a.example", "https://a.example.evil", None),
        ("https://a.example", None, None),
        ("", "https://a.example", None),
    ],
)
def test_pages_of_allowed_origins_may_read_the_answer(
    allowed: str, origin: str | None, header: str | None
) -> None:
    webhook = Webhook.model_validate({"allowed_origins": allowed, "method": "POST"})
    assert webhook.cors(origin).get("access-control-allow-origin") == header


def test_a_browser_that_asks_first_is_told_what_it_may_send() -> None:
    found = Webhook.model_validate({"method": ["GET", "POST"]}).preflight(
        "https://a.example", "x-key, content-type"
    )
    assert found["status"] == 204
    assert found["headers"]["access-control-allow-methods"] == "OPTIONS, GET, POST"
    assert found["headers"]["access-control-allow-headers"] == "x-key, content-type"


@pytest.mark.parametrize(
    ("properties", "answer"),
    [
        ({}, {"status": 200, "headers": PLAIN, "json": {"message": "Workflow was started"}}),
        (
            {"response_text": "ok", "response_code": 202},
            {"status": 202, "headers": {"content-type": "text/plain; charset=utf-8", **PLAIN}, "body": "ok"},
        ),
        (
            {"response_text": "<b>ok</b>", "response_content_type": "text/html"},
            {
                "status": 200,
                "headers": {"content-type": "text/html", "content-security-policy": SANDBOX, **PLAIN},
                "body": "<b>ok</b>",
            },
        ),
    ],
)
def test_the_answer_at_once(properties: dict[str, Any], answer: dict[str, Any]) -> None:
    assert Webhook.model_validate(properties).accepted() == answer


PHOTO = Binary("00", "image/png", "sea.png", 3)
ITEMS = [Item({"a": 1, "b": {"c": [{"d": "x"}]}}, {"photo": PHOTO}), Item({"a": 2})]


@pytest.mark.parametrize(
    ("properties", "items", "content"),
    [
        ({}, ITEMS, {"json": ITEMS[0].json}),
        ({}, [], {"json": NOTHING_TO_GIVE}),
        ({"response_field": "b.c[0].d"}, ITEMS, {"json": "x"}),
        ({"response_field": "b.c[7].d"}, ITEMS, {"json": None}),
        ({"response_field": "a", "response_content_type": "text/csv"}, ITEMS, {"body": "1"}),
        ({"response_data": "all_items"}, ITEMS, {"json": [ITEMS[0].json, {"a": 2}]}),
        ({"response_data": "all_items"}, [], {"json": []}),
        ({"response_data": "no_data"}, ITEMS, {"body": ""}),
        ({"response_data": "binary"}, ITEMS, {"binary": PHOTO}),
        ({"response_data": "binary", "response_binary": "photo"}, ITEMS, {"binary": PHOTO}),
    ],
)
def test_the_answer_made_of_the_last_nodes_items(
    properties: dict[str, Any], items: list[Item], content: dict[str, Any]
) -> None:
    found = Webhook.model_validate({"respond": "last-node", "response_code": 201, **properties}).finished(
        items
    )
    assert found["status"] == 201
    assert {key: value for key, value in found.items() if key not in ("status", "headers")} == content


def test_a_missing_file_is_named() -> None:
    webhook = Webhook.model_validate({"response_data": "binary", "response_binary": "scan"})
    with pytest.raises(NodeError, match="no file 'scan' to respond with; the first item has: 'photo'"):
        webhook.finished(ITEMS)


def test_a_file_is_sent_with_its_type() -> None:
    webhook = Webhook.model_validate({"response_data": "binary"})
    assert webhook.finished(ITEMS)["headers"]["content-type"] == "image/png"
    text = [Item({}, {"data": Binary("00", "text/csv", "a.csv", 1)})]
    assert webhook.finished(text)["headers"]["content-type"] == "text/csv; charset=utf-8"


def test_the_form_lets_choose_one_method() -> None:
    [method] = [field for field in describe(Webhook)["fields"] if field["name"] == "method"]
    assert method["kind"] == "choice"
    assert [option["value"] for option in method["options"]] == [
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "HEAD",
    ]
