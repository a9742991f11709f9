from __future__ import annotations

from typing import Any

import pytest

from tests.nodes.driver import run_node


async def test_the_execution_fails_with_the_message() -> None:
    result = await run_node(
        "stop-and-error", {"message": "=No amount for {{ $json.name }}"}, [{"name": "Ada"}]
    )
    assert result.error == "No amount for Ada"
    assert result.rest.status == "error"
    assert result.rest.error is not None
    assert result.rest.error.message == "No amount for Ada"


async def test_without_a_message_it_still_says_what_happened() -> None:
    result = await run_node("stop-and-error", {})
    assert result.error == "The workflow was stopped by a Stop and Error step without a message."


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"message": "Out of stock", "sku": "A"}, "Out of stock"),
        ({"description": "Sold"}, "Sold"),
        ({"error": "Gone"}, "Gone"),
        ({"message": {"code": 5}}, '{"code":5}'),
        ({"code": 5}, '{"code":5}'),
        ('{"message": "As text"}', "As text"),
        ("={{ $json.failure }}", "From the item"),
    ],
)
async def test_an_object_may_be_the_error(error: Any, message: str) -> None:
    properties = {"error_type": "object", "error": error}
    result = await run_node(
        "stop-and-error", properties, [{"failure": {"message": "From the item", "sku": 7}}]
    )
    assert result.error == message


async def test_the_details_of_the_object_go_along() -> None:
    details = {"message": "Out of stock", "sku": "A"}
    result = await run_node("stop-and-error", {"error_type": "object", "error": details})
    assert result.outcome.error is not None
    assert result.outcome.error.detail == details


@pytest.mark.parametrize("error", ["oops", [], 5])
async def test_an_error_that_is_no_object_is_refused(error: Any) -> None:
    result = await run_node("stop-and-error", {"error_type": "object", "error": error})
    assert result.error == 'The error object is not a JSON object; write it as in {"message": "…"}.'
