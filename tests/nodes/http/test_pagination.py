import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from flowstudio.errors import ExpressionError, NodeError, ParameterError
from flowstudio.nodes.http.request import HttpRequest
from flowstudio.outbound import Outbound
from flowstudio.sandbox import Sandbox
from flowstudio.services.evaluator import CagedEvaluator
from tests.nodes.http.harness import World, item
from tests.outbound.server import LoopbackServer, Received, Reply, serving

NUMBERS = list(range(1, 8))

EXPRESSIONS: dict[str, Callable[[Any], Any]] = {
    "{{ $pageCount + 1 }}": lambda scope: scope["$pageCount"] + 1,
    "{{ $response.body.next }}": lambda scope: scope["$response"].get("body", {}).get("next"),
    "{{ $response.body.last }}": lambda scope: scope["$response"]["body"]["last"],
    "{{ $response.headers['x-next'] }}": lambda scope: scope["$response"].get("headers", {}).get("x-next"),
    "{{ $request.qs.page > 1 }}": lambda scope: scope["$request"]["qs"]["page"] > 1,
    "{{ $json.start + $pageCount }}": lambda scope: scope["$json"]["start"] + scope["$pageCount"],
    "{{ nonsense }}": lambda scope: scope["nonsense"],
}


def numbers(request: Received) -> Reply:
    """Three numbers per page; beyond the last page an empty list, or 404 below `/strict`."""
    page = int(dict(request.query).get("page", "1"))
    found = NUMBERS[(page - 1) * 3 : page * 3]
    if not found and request.path == "/strict":
        return Reply(404, body={"error": "no such page"})
    return Reply(body=[{"n": n} for n in found])


def linked(request: Received) -> Reply:
    """Each page names the next one, the last page none."""
    page = int(dict(request.query).get("page", "1"))
    body: dict[str, Any] = {"page": page, "last": page == 3}
    if page < 3:
        body["next"] = f"/items?page={page + 1}"
    return Reply(body=body)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with serving(numbers) as running:
        yield running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    outbound = Outbound(["127.0.0.1"])
    yield World({Outbound: outbound}, EXPRESSIONS)
    await outbound.close()


async def run(world: World, given: dict[str, Any] | None = None, **properties: Any) -> list[dict[str, Any]]:
    node = HttpRequest.model_validate(properties)
    return [found.json for found in (await node.run(item(given), world.context))["main"]]


PAGE = [{"name": "page", "value": "={{ $pageCount + 1 }}"}]


async def test_a_parameter_changes_until_a_page_is_empty(world: World, server: LoopbackServer) -> None:
    found = await run(world, url=server.url(), pagination="update_parameter", page_parameters=PAGE)
    assert [row["n"] for row in found] == NUMBERS
    assert [request.target for request in server.received] == ["/?page=1", "/?page=2", "/?page=3", "/?page=4"]


async def test_a_status_ends_the_pages_without_being_an_error(world: World, server: LoopbackServer) -> None:
    found = await run(
        world,
        url=server.url("/strict"),
        pagination="update_parameter",
        page_parameters=PAGE,
        complete_when="status",
        complete_status_codes="410, 404",
    )
    assert [row["n"] for row in found] == NUMBERS


async def test_another_status_is_an_error(world: World, server: LoopbackServer) -> None:
    with pytest.raises(NodeError, match="answered 404"):
        await run(
            world,
            url=server.url("/strict"),
            pagination="update_parameter",
            page_parameters=PAGE,
            complete_when="status",
            complete_status_codes="410",
        )


async def test_an_expression_ends_the_pages_with_the_page_it_holds_for(
    world: World, server: LoopbackServer
) -> None:
    server.answer = linked
    found = await run(
        world,
        url=server.url(),
        pagination="update_parameter",
        page_parameters=PAGE,
        complete_when="expression",
        complete_expression="={{ $response.body.last }}",
    )
    assert [row["page"] for row in found] == [1, 2, 3]


async def test_the_most_pages_are_kept(world: World, server: LoopbackServer) -> None:
    found = await run(
        world, url=server.url(), pagination="update_parameter", page_parameters=PAGE, max_pages=2
    )
    assert [row["n"] for row in found] == NUMBERS[:6]
    assert len(server.received) == 2


async def test_the_response_names_the_next_address(world: World, server: LoopbackServer) -> None:
    server.answer = linked
    found = await run(
        world,
        url=server.url("/items"),
        query={"page": 1},
        pagination="next_url",
        next_url="={{ $response.body.next }}",
    )
    assert [row["page"] for row in found] == [1, 2, 3]
    assert [request.target for request in server.received] == [
        "/items?page=1",
        "/items?page=2",
        "/items?page=3",
    ]


async def test_the_next_address_may_be_in_a_header(world: World, server: LoopbackServer) -> None:
    def answer(request: Received) -> Reply:
        following = [("X-Next", server.url("/b"))] if request.path == "/a" else []
        return Reply(body={"at": request.path}, headers=following)

    server.answer = answer
    found = await run(
        world, url=server.url("/a"), pagination="next_url", next_url="={{ $response.headers['x-next'] }}"
    )
    assert [row["at"] for row in found] == ["/a", "/b"]


async def test_each_page_is_vetted(server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(body={"next": "http://10.0.0.1/"})
    outbound = Outbound([f"127.0.0.1:{server.port}"])
    with pytest.raises(NodeError, match=r"may not call '10\.0\.0\.1'"):
        await run(
            World({Outbound: outbound}, EXPRESSIONS),
            url=server.url(),
            pagination="next_url",
            next_url="={{ $response.body.next }}",
        )
    await outbound.close()


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (
            {"body": "json", "body_fields": [{"name": "q", "value": "x"}]},
            ['{"q":"x","page":1}', '{"q":"x","page":2}'],
        ),
        ({"body": "none"}, ['{"page":1}', '{"page":2}']),
        ({"body": "form", "body_fields": [{"name": "page", "value": 0}]}, ["page=1", "page=2"]),
    ],
)
async def test_a_parameter_of_the_body_changes(
    world: World, server: LoopbackServer, body: dict[str, Any], sent: list[str]
) -> None:
    await run(
        world,
        url=server.url(),
        method="POST",
        pagination="update_parameter",
        page_parameters=[{"place": "body", **PAGE[0]}],
        max_pages=2,
        **body,
    )
    assert [request.body.decode() for request in server.received] == sent


async def test_a_body_without_fields_cannot_change(world: World, server: LoopbackServer) -> None:
    with pytest.raises(NodeError, match="cannot set 'page' in this body"):
        await run(
            world,
            url=server.url(),
            body="raw",
            pagination="update_parameter",
            page_parameters=[{"place": "body", **PAGE[0]}],
        )


async def test_a_header_changes_and_an_empty_value_leaves_it_out(
    world: World, server: LoopbackServer
) -> None:
    def answer(request: Received) -> Reply:
        mark = request.header("cursor")
        return Reply(body={"next": "two"} if mark is None else {})

    server.answer = answer
    row = {"place": "headers", "name": "Cursor", "value": "={{ $response.body.next }}"}
    await run(world, url=server.url(), pagination="update_parameter", page_parameters=[row])
    assert [request.header("cursor") for request in server.received] == [None, "two"]


async def test_expressions_see_the_item_and_the_request(world: World, server: LoopbackServer) -> None:
    await run(
        world,
        {"start": 2},
        url=server.url(),
        pagination="update_parameter",
        page_parameters=[{"name": "page", "value": "={{ $json.start + $pageCount }}"}],
        complete_when="expression",
        complete_expression="={{ $request.qs.page > 1 }}",
    )
    assert [request.target for request in server.received] == ["/?page=2"]


async def test_a_plain_text_is_no_expression(world: World, server: LoopbackServer) -> None:
    await run(
        world,
        url=server.url(),
        pagination="update_parameter",
        page_parameters=[{"name": "page", "value": "9"}],
    )
    assert [request.target for request in server.received] == ["/?page=9"]


async def test_a_failed_expression_is_named(world: World, server: LoopbackServer) -> None:
    row = {"name": "page", "value": "={{ nonsense }}"}
    with pytest.raises(ExpressionError, match=r"page_parameters\[0\]: cannot read 'nonsense'"):
        await run(world, url=server.url(), pagination="update_parameter", page_parameters=[row])


async def test_the_same_page_again_and_again_is_stopped(world: World, server: LoopbackServer) -> None:
    row = {"name": "page", "value": "1"}
    with pytest.raises(NodeError, match="the same page 5 times"):
        await run(world, url=server.url(), pagination="update_parameter", page_parameters=[row])
    assert len(server.received) == 5


async def test_the_next_address_must_be_told(world: World, server: LoopbackServer) -> None:
    with pytest.raises(ParameterError, match="next address"):
        await run(world, url=server.url(), pagination="next_url")


async def test_full_responses_are_one_item_per_page(world: World, server: LoopbackServer) -> None:
    found = await run(
        world, url=server.url(), pagination="update_parameter", page_parameters=PAGE, full_response=True
    )
    assert [len(row["body"]) for row in found] == [3, 3, 1]


async def test_expressions_of_each_item_see_its_own_pairs(world: World, server: LoopbackServer) -> None:
    world.item_scope = {"paired": {"Start": [4, 5]}, "binary": [{}, {"data": {}}]}
    node = HttpRequest.model_validate(
        {"url": server.url(), "pagination": "update_parameter", "page_parameters": PAGE, "max_pages": 1}
    )
    await node.run(item(index=1), world.context)
    _, per_item = world.evaluator.seen[0]
    assert per_item == {"paired": {"Start": [5]}, "binary": [{"data": {}}]}


async def test_the_cage_evaluates_the_expressions(server: LoopbackServer) -> None:
    server.answer = linked
    outbound = Outbound(["127.0.0.1"])
    async with Sandbox() as sandbox:
        found = await run(
            World({Outbound: outbound}, evaluator=CagedEvaluator(sandbox)),
            url=server.url("/items"),
            pagination="update_parameter",
            page_parameters=[{"name": "page", "value": "={{ ($response.body?.page ?? 0) + 1 }}"}],
            complete_when="expression",
            complete_expression="={{ $response.statusCode === 200 && $pageCount >= 2 && $request.qs.page == 2 }}",
        )
    await outbound.close()
    assert (
        json.dumps(found)
        == '[{"page": 1, "last": false, "next": "/items?page=2"}, {"page": 2, "last": false, "next": "/items?page=3"}]'
    )
