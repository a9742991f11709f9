from typing import Any

import pytest

from flowstudio.engine.item import Item
from flowstudio.errors import InvalidRequest
from flowstudio.nodes.triggers.webhook_request import WebhookRequest, request_item
from tests.nodes.http.harness import MemoryBinaries


async def read(body: bytes, kind: str | None = None, *, raw: bool = False) -> tuple[Item, MemoryBinaries]:
    binaries = MemoryBinaries()
    headers = [("Content-Type", kind)] if kind else []
    request = WebhookRequest("POST", "http://x/webhook/a", headers, body=body)
    return await request_item(request, binaries, raw_body=raw), binaries


async def test_the_item_has_the_shape_that_workflows_know() -> None:
    request = WebhookRequest(
        "GET",
        "http://127.0.0.1:8000/webhook/orders/7",
        [("Accept", "a"), ("accept", "b"), ("X-Key", "1")],
        "lang=de&tag=a&tag=b&empty=",
        {"id": "7"},
        test=True,
    )
    item = await request_item(request, MemoryBinaries(), claims={"sub": "ann"})
    assert item == Item(
        {
            "headers": {"accept": "a, b", "x-key": "1"},
            "params": {"id": "7"},
            "query": {"lang": "de", "tag": ["a", "b"], "empty": ""},
            "body": {},
            "webhookUrl": "http://127.0.0.1:8000/webhook/orders/7",
            "executionMode": "test",
            "jwtPayload": {"sub": "ann"},
        }
    )


@pytest.mark.parametrize(
    ("kind", "body", "value"),
    [
        ("application/json", b'{"a": [1]}', {"a": [1]}),
        ("application/json; charset=utf-8", b"[1]", [1]),
        ("application/cloudevents+json", b'"x"', "x"),
        ("application/json", b"", {}),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y%26&b=2", {"a": "1", "b": ["x y&", "2"]}),
        (
            "application/x-www-form-urlencoded",
            b"a[]=1&p[q][r]=2&p[q][s]=3",
            {"a": ["1"], "p": {"q": {"r": "2", "s": "3"}}},
        ),
        ("text/plain", "grün".encode(), "grün"),
        ("text/plain; charset=ISO-8859-1", "grün".encode("latin-1"), "grün"),
        ("application/xml", b"<a/>", "<a/>"),
        (None, b"plain", "plain"),
    ],
)
async def test_bodies_are_read_by_their_type(kind: str | None, body: bytes, value: Any) -> None:
    item, _ = await read(body, kind)
    assert item.json["body"] == value
    assert item.binary is None


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b'{"a": }', "not valid JSON: .*column 7"),
        ("application/json", b'{"a": "\xff"}', "not valid JSON"),
        ("application/json", b"[" * 5000, "not valid JSON"),
        ("text/plain", b"\xff\xfe\xfa", "not valid utf-8 text"),
        (
            "application/x-www-form-urlencoded",
            b"&".join(b"a=1" for _ in range(1001)),
            "more than 1000 fields",
        ),
        ("multipart/form-data; boundary=x", b"nothing of the kind", "not a valid multipart form"),
        ("multipart/form-data", b"--x", "not a valid multipart form"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(kind: str, body: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await read(body, kind)


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/octet-stream"])
async def test_a_file_as_body_becomes_a_file_of_the_item(kind: str) -> None:
    item, binaries = await read(b"\x89PNG", kind)
    assert item.json["body"] == {}
    assert item.binary is not None
    assert item.binary["data"].mime_type == kind
    assert await binaries.get(item.binary["data"]) == b"\x89PNG"


async def test_a_raw_body_is_kept_as_it_was_sent() -> None:
    item, binaries = await read(b'{"a" : 1}', "application/json", raw=True)
    assert item.json["body"] == {}
    assert item.binary is not None
    assert await binaries.get(item.binary["data"]) == b'{"a" : 1}'


def form(*parts: tuple[str, bytes]) -> bytes:
    blocks = [
        f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body for head, body in parts
    ]
    return b"\r\n".join([*blocks, b"--x--\r\n"])


async def test_a_form_with_files_gives_fields_and_files() -> None:
    body = form(
        ('name="title"', "Grün".encode()),
        ('name="tag[]"', b"a"),
        ('name="tag[]"', b"b"),
        ('name="photo"; filename="../sea.png"\r\nContent-Type: image/png', b"\x89PNG\r\n\r\n--not-x\r\n"),
        ('name="docs"; filename="1.txt"\r\nContent-Type: text/plain', b"one"),
        ('name="docs"; filename="2.txt"', b"two"),
    )
    item, binaries = await read(body, "multipart/form-data; boundary=x")
    assert item.json["body"] == {"title": "Grün", "tag": ["a", "b"]}
    assert item.binary is not None
    found = {name: (b.file_name, b.mime_type, await binaries.get(b)) for name, b in item.binary.items()}
    assert found == {
        "photo": ("_sea.png", "image/png", b"\x89PNG\r\n\r\n--not-x\r\n"),
        "docs0": ("1.txt", "text/plain", b"one"),
        "docs1": ("2.txt", "application/octet-stream", b"two"),
    }


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("a[]=1", {"a": ["1"]}),
        ("a[b]=1&a=2", {"a": [{"b": "1"}, "2"]}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("[]=1&a]=2&a[=3&[x]=4", {"[]": "1", "a]": "2", "a[": "3", "[x]": "4"}),
        ("a" + "[b]" * 11 + "=1", {"a" + "[b]" * 11: "1"}),
        ("a[][b]=1", {"a": {"": {"b": "1"}}}),
        ("__proto__[x]=1", {"__proto__": {"x": "1"}}),
        ("%FF=1", {"\ufffd": "1"}),
    ],
)
async def test_names_with_brackets_are_taken_apart(query: str, value: Any) -> None:
    request = WebhookRequest("GET", "http://x", query=query)
    assert (await request_item(request, MemoryBinaries())).json["query"] == value


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("flowstudio_session=secret; theme=dark", "theme=dark"),
        ("theme=dark; flowstudio_session=secret; a=1", "theme=dark; a=1"),
        ("flowstudio_session=secret", None),
    ],
)
async def test_sessions_of_this_server_never_reach_a_workflow(cookie: str, kept: str | None) -> None:
    request = WebhookRequest("GET", "http://x", [("Cookie", cookie)])
    assert (await request_item(request, MemoryBinaries())).json["headers"].get("cookie") == kept
