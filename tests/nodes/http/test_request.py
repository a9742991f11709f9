import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from pydantic import ValidationError

from flowstudio.engine.item import Item
from flowstudio.errors import NodeError, OutboundRefused, ParameterError
from flowstudio.nodes.http.request import HttpRequest
from flowstudio.outbound import Outbound
from tests.nodes.http.harness import World, item
from tests.outbound.server import LoopbackServer, Received, Reply, serving


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with serving(lambda request: Reply(body={"ok": True})) as running:
        yield running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    outbound = Outbound(["127.0.0.1"])
    yield World({Outbound: outbound})
    await outbound.close()


async def run(world: World, given: Item | None = None, **properties: Any) -> list[Item]:
    node = HttpRequest.model_validate(properties)
    return (await node.run(given or item(), world.context))["main"]


# Method, query, headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_is_sent(world: World, server: LoopbackServer, method: str) -> None:
    assert [i.json for i in await run(world, url=server.url(), method=method)] == [{"ok": True}]
    assert server.received[0].method == method


async def test_head_gives_one_empty_item(world: World, server: LoopbackServer) -> None:
    assert [i.json for i in await run(world, url=server.url(), method="HEAD")] == [{}]


@pytest.mark.parametrize(
    ("value", "arrays", "target"),
    [
        ("a b&c", "brackets", "?q=a%20b%26c"),
        (1.0, "brackets", "?q=1"),
        (1.5, "brackets", "?q=1.5"),
        (True, "brackets", "?q=true"),
        ("", "brackets", "?q="),
        (None, "brackets", ""),
        ([1, "x"], "brackets", "?q%5B%5D=1&q%5B%5D=x"),
        ([1, "x"], "indices", "?q%5B0%5D=1&q%5B1%5D=x"),
        ([1, "x"], "repeat", "?q=1&q=x"),
        ({"min": 1, "max": 2}, "brackets", "?q%5Bmin%5D=1&q%5Bmax%5D=2"),
        ([{"a": 1}], "indices", "?q%5B0%5D%5Ba%5D=1"),
    ],
)
async def test_query_values_of_every_kind(
    world: World, server: LoopbackServer, value: Any, arrays: str, target: str
) -> None:
    await run(world, url=server.url("/x"), query=[{"name": "q", "value": value}], query_arrays=arrays)
    assert server.received[0].target == "/x" + target


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({"query": {"a": 1, "b": "2"}}, "/?old=1&a=1&b=2"),
        ({"query_mode": "json", "query_json": '{"a": [1, 2]}', "query_arrays": "repeat"}, "/?old=1&a=1&a=2"),
        ({"query_mode": "json", "query_json": {"a": 1}}, "/?old=1&a=1"),
        ({"query": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]}, "/?old=1&a=1&a=2"),
        ({"query": [{"name": "", "value": 1}]}, "/?old=1"),
    ],
)
async def test_the_query_is_added_to_the_address(
    world: World, server: LoopbackServer, properties: dict[str, Any], target: str
) -> None:
    await run(world, url=server.url("/?old=1#part"), **properties)
    assert server.received[0].target == target


async def test_headers_are_sent_in_lower_case_unless_told_otherwise(
    world: World, server: LoopbackServer
) -> None:
    rows = [{"name": "X-One", "value": 1}, {"name": "X-Two", "value": "zwei "}]
    await run(world, url=server.url(), headers=rows)
    await run(world, url=server.url(), headers=rows, lowercase_headers=False)
    assert {("x-one", "1"), ("x-two", "zwei")} <= set(server.received[0].headers)
    assert {("X-One", "1"), ("X-Two", "zwei")} <= set(server.received[1].headers)


async def test_headers_as_json(world: World, server: LoopbackServer) -> None:
    await run(world, url=server.url(), headers_mode="json", headers_json='{"X-A": "1", "X-B": null}')
    assert server.received[0].header("x-a") == "1"
    assert server.received[0].header("x-b") is None


async def test_headers_that_follow_from_the_body_cannot_be_set(world: World, server: LoopbackServer) -> None:
    headers = {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    await run(world, url=server.url(), method="POST", body="raw", body_text="hello!", headers=headers)
    assert server.received[0].body == b"hello!"
    assert server.received[0].header("transfer-encoding") is None


@pytest.mark.parametrize("name", ["query", "headers"])
async def test_json_that_is_no_object_is_named(world: World, server: LoopbackServer, name: str) -> None:
    properties: dict[str, Any] = {f"{name}_mode": "json", f"{name}_json": "[1]"}
    with pytest.raises(ParameterError, match=f"{name}_json must be a JSON object"):
        await run(world, url=server.url(), **properties)


def test_broken_json_names_the_place() -> None:
    with pytest.raises(ValidationError, match=r"not valid JSON: .*line 1, column 7"):
        HttpRequest.model_validate({"url": "http://x", "body": "json", "body_json": '{"a": }'})


# Bodies


@pytest.mark.parametrize(
    ("properties", "content_type", "body"),
    [
        ({"body": "none"}, None, b""),
        (
            {"body": "json", "body_fields": [{"name": "a", "value": [1]}, {"name": "b", "value": None}]},
            "application/json",
            b'{"a":[1],"b":null}',
        ),
        (
            {"body": "json", "body_mode": "json", "body_json": ' [1, "ü"] '},
            "application/json",
            '[1,"ü"]'.encode(),
        ),
        ({"body": "json", "body_mode": "json", "body_json": {"a": 1}}, "application/json", b'{"a":1}'),
        (
            {
                "body": "form",
                "body_fields": [{"name": "a b", "value": "1&2"}, {"name": "c", "value": [1, 2]}],
            },
            "application/x-www-form-urlencoded",
            b"a%20b=1%262&c%5B%5D=1&c%5B%5D=2",
        ),
        (
            {"body": "form", "body_mode": "json", "body_json": {"a": {"b": 1}}},
            "application/x-www-form-urlencoded",
            b"a%5Bb%5D=1",
        ),
        ({"body": "raw", "body_text": "grün"}, "text/plain; charset=utf-8", "grün".encode()),
        (
            {"body": "raw", "body_text": "<a/>", "body_content_type": "application/xml"},
            "application/xml",
            b"<a/>",
        ),
        (
            {
                "body": "json",
                "body_mode": "json",
                "body_json": "{}",
                "headers": {"content-type": "application/ld+json"},
            },
            "application/ld+json",
            b"{}",
        ),
    ],
)
async def test_bodies_of_every_kind(
    world: World, server: LoopbackServer, properties: dict[str, Any], content_type: str | None, body: bytes
) -> None:
    await run(world, url=server.url(), method="POST", **properties)
    assert server.received[0].body == body
    assert server.received[0].header("content-type") == content_type


def parts(request: Received) -> list[tuple[Any, Any, str, bytes]]:
    """Name, file name, content type and content of the parts of a multipart body."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    found = []
    for part in message.get_payload():
        assert isinstance(part, Message)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found.append(
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_content_type(),
                payload,
            )
        )
    return found


async def test_a_form_with_files(world: World, server: LoopbackServer) -> None:
    photo = await world.binaries.put(b"\x89PNG\r\n--x", mime_type="image/png", file_name="sea.png")
    await run(
        world,
        item({}, photo=photo),
        url=server.url(),
        method="POST",
        body="multipart",
        body_fields=[
            {"name": "title", "value": "Meer ü"},
            {"name": "tags", "value": ["a", "b"]},
            {"name": "upload", "kind": "file", "file": "photo"},
        ],
        headers={"Content-Type": "multipart/form-data"},
    )
    assert parts(server.received[0]) == [
        ("title", None, "text/plain", "Meer ü".encode()),
        ("tags[]", None, "text/plain", b"a"),
        ("tags[]", None, "text/plain", b"b"),
        ("upload", "sea.png", "image/png", b"\x89PNG\r\n--x"),
    ]


async def test_a_file_as_body(world: World, server: LoopbackServer) -> None:
    photo = await world.binaries.put(b"\x89PNG", mime_type="image/png", file_name="sea.png")
    await run(world, item({}, data=photo), url=server.url(), method="PUT", body="binary")
    assert server.received[0].body == b"\x89PNG"
    assert server.received[0].header("content-type") == "image/png"


async def test_a_missing_file_is_named(world: World, server: LoopbackServer) -> None:
    photo = await world.binaries.put(b"", mime_type="image/png", file_name="sea.png")
    with pytest.raises(NodeError, match="no file 'data'; it has: 'photo'"):
        await run(world, item({}, photo=photo), url=server.url(), body="binary")


# Responses


@pytest.mark.parametrize(
    ("reply", "properties", "items"),
    [
        (Reply(body={"a": 1}), {}, [{"a": 1}]),
        (Reply(body=[{"a": 1}, {"a": 2}]), {}, [{"a": 1}, {"a": 2}]),
        (Reply(body=[]), {}, []),
        (Reply(body=[1, "x", None]), {}, [{"data": 1}, {"data": "x"}, {"data": None}]),
        (Reply(body=b"7", headers=[("Content-Type", "application/json")]), {}, [{"data": 7}]),
        (Reply(body=b'{"a":1}', headers=[("Content-Type", "application/vnd.api+json; x=1")]), {}, [{"a": 1}]),
        (Reply(body=b'\xef\xbb\xbf{"a":1}', headers=[("Content-Type", "application/json")]), {}, [{"a": 1}]),
        (Reply(204), {}, [{}]),
        (Reply(200), {}, [{}]),
        (Reply(200), {"response_format": "text"}, [{"data": ""}]),
        (Reply(body=b'{"a":1}', headers=[("Content-Type", "text/html")]), {}, [{"data": '{"a":1}'}]),
        (
            Reply(body=b'{"a":1}', headers=[("Content-Type", "text/html")]),
            {"response_format": "json"},
            [{"a": 1}],
        ),
        (Reply(body={"a": 1}), {"response_format": "text", "response_field": "t"}, [{"t": '{"a": 1}'}]),
        (
            Reply(
                body="grün".encode("latin-1"), headers=[("Content-Type", "text/plain; charset=ISO-8859-1")]
            ),
            {},
            [{"data": "grün"}],
        ),
        (
            Reply(
                body="日本".encode("shift_jis"), headers=[("Content-Type", 'text/html; charset="Shift_JIS"')]
            ),
            {},
            [{"data": "日本"}],
        ),
        (
            Reply(body="日本".encode("utf-16"), headers=[("Content-Type", "text/plain")]),
            {},
            [{"data": "日本"}],
        ),
        (
            Reply(body="grün".encode("cp1252"), headers=[("Content-Type", "text/plain")]),
            {},
            [{"data": "grün"}],
        ),
        (
            Reply(body="grün".encode(), headers=[("Content-Type", "text/plain; charset=idna")]),
            {},
            [{"data": "grün"}],
        ),
        (Reply(body="<svg/>", headers=[("Content-Type", "image/svg+xml")]), {}, [{"data": "<svg/>"}]),
        (Reply(404, body={"no": 1}), {"never_error": True}, [{"no": 1}]),
    ],
)
async def test_responses_of_every_kind(
    world: World, server: LoopbackServer, reply: Reply, properties: dict[str, Any], items: list[Any]
) -> None:
    server.answer = lambda request: reply
    assert [i.json for i in await run(world, url=server.url(), **properties)] == items


@pytest.mark.parametrize(
    ("path", "headers", "mime_type", "name"),
    [
        ("/files/sea.png", [("Content-Type", "image/png")], "image/png", "sea.png"),
        ("/files/7", [("Content-Type", "application/pdf")], "application/pdf", "7.pdf"),
        ("/", [("Content-Type", "application/zip")], "application/zip", "file.zip"),
        (
            "/x",
            [("Content-Type", "image/png"), ("Content-Disposition", 'attachment; filename="../a/sea.png"')],
            "image/png",
            "_a_sea.png",
        ),
        (
            "/x",
            [
                ("Content-Type", "image/png"),
                ("Content-Disposition", "inline; filename*=UTF-8''M%C3%A4rz.png"),
            ],
            "image/png",
            "März.png",
        ),
    ],
)
async def test_a_file_becomes_a_file_of_the_item(
    world: World, server: LoopbackServer, path: str, headers: list[tuple[str, str]], mime_type: str, name: str
) -> None:
    server.answer = lambda request: Reply(body=b"\x89PNG", headers=headers)
    other = await world.binaries.put(b"other", mime_type="text/plain", file_name="other.txt")
    [got] = await run(world, item({"kept": False}, other=other), url=server.url(path))
    assert got.json == {}
    assert got.binary is not None
    assert got.binary["other"] == other
    binary = got.binary["data"]
    assert (binary.mime_type, binary.file_name, binary.size) == (mime_type, name, 4)
    assert await world.binaries.get(binary) == b"\x89PNG"


async def test_a_text_can_be_kept_as_a_file(world: World, server: LoopbackServer) -> None:
    [got] = await run(world, url=server.url("/a.json"), response_format="file", response_field="raw")
    assert got.binary is not None
    assert got.binary["raw"].mime_type == "application/json"


@pytest.mark.parametrize("form", ["auto", "text", "file"])
async def test_the_full_response(world: World, server: LoopbackServer, form: str) -> None:
    headers = [("X-A", "1"), ("X-A", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    server.answer = lambda request: Reply(201, body=[1, 2], headers=headers)
    [got] = await run(world, url=server.url(), full_response=True, response_format=form)
    assert got.json["statusCode"] == 201
    assert got.json["statusMessage"] == "Created"
    assert got.json["headers"]["x-a"] == "1, 2"
    assert got.json["headers"]["set-cookie"] == ["a=1", "b=2"]
    content = {"auto": {"body": [1, 2]}, "text": {"data": "[1, 2]"}, "file": {}}[form]
    assert {key: value for key, value in got.json.items() if key in ("body", "data")} == content


async def test_json_that_is_none_is_shown(world: World, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(body="<html>", headers=[("Content-Type", "application/json")])
    with pytest.raises(NodeError, match=r"not valid JSON.*response format to text.*<html>"):
        await run(world, url=server.url("/?token=secret"))


# Failures


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (503, True),
    ],
)
async def test_an_error_status_fails_the_item(
    world: World, server: LoopbackServer, status: int, retryable: bool
) -> None:
    headers = [("Retry-After", "7"), ("Content-Type", "text/plain")]
    server.answer = lambda request: Reply(status, body="no luck", headers=headers)
    with pytest.raises(NodeError, match=f"/thing answered {status} .*no luck") as caught:
        await run(world, url=server.url("/thing?key=secret"))
    assert caught.value.retryable is retryable
    assert caught.value.detail["status"] == status
    assert caught.value.detail["retry_after"] == "7"
    assert "secret" not in caught.value.message


async def test_a_long_error_page_is_shortened(world: World, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(500, body="x" * 10_000)
    with pytest.raises(NodeError) as caught:
        await run(world, url=server.url())
    assert len(caught.value.message) < 700


async def test_a_private_address_is_refused(server: LoopbackServer) -> None:
    outbound = Outbound()
    with pytest.raises(OutboundRefused):
        await run(World({Outbound: outbound}), url=server.url())
    await outbound.close()
    assert server.connections == 0


async def test_the_timeout_is_kept(world: World, server: LoopbackServer) -> None:
    release = asyncio.Event()

    async def slow(request: Received) -> Reply:
        await release.wait()
        return Reply()

    server.answer = slow
    with pytest.raises(NodeError, match=r"within 0\.1 seconds"):
        await run(world, url=server.url(), timeout=0.1)
    release.set()


@pytest.mark.parametrize(("follow", "status"), [(True, 200), (False, 302)])
async def test_redirects_are_followed_or_not(
    world: World, server: LoopbackServer, follow: bool, status: int
) -> None:
    server.answer = lambda r: Reply() if r.path == "/new" else Reply(302, headers=[("Location", "/new")])
    [got] = await run(world, url=server.url(), follow_redirects=follow, full_response=True)
    assert got.json["statusCode"] == status


# Items


async def test_the_idempotency_key_is_the_same_for_each_try_and_differs_by_item(
    world: World, server: LoopbackServer
) -> None:
    for index in (0, 0, 1):
        await run(world, item(index=index), url=server.url(), idempotency_key=True)
    keys = [request.header("idempotency-key") for request in server.received]
    assert keys == ["e1/n1/0", "e1/n1/0", "e1/n1/1"]


def test_the_form_sets_the_pace() -> None:
    node = HttpRequest.model_validate({"url": "http://x", "batch_size": 3, "batch_interval": 0.5})
    pace = HttpRequest.pace(node)
    assert (pace.at_once, pace.pause) == (3, 0.5)
