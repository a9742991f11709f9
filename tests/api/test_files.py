from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from flowstudio.api.files import SHOWN, TEXTS
from flowstudio.engine.item import Item
from flowstudio.runtime import Runtime
from flowstudio.services.starting import StartRequest
from tests.api.conftest import Server, chain, node

Stored = Callable[[dict[str, Any]], str]
Run = Callable[..., str]


@pytest.fixture
def run_with(server: Server, stored: Stored) -> Run:
    """Runs a workflow whose trigger brings an item with one file; gives the address of that file."""
    workflow = stored(
        chain(
            node("1", "manual-trigger", "Start"),
            node("2", "edit-fields", "Set", mode="manual", fields=[], include_other_fields=True),
        )
    )

    def run(content: bytes, mime_type: str, file_name: str, *, name: str = "data") -> str:
        async def start(runtime: Runtime) -> str:
            file = await runtime.storage.binaries.put(content, mime_type=mime_type, file_name=file_name)
            request = StartRequest(
                workflow=await runtime.workflows.load(workflow),
                mode="manual",
                items=[Item({"n": 1}), Item({"n": 2}, {name: file})],
            )
            execution = await runtime.executions.start(request)
            await runtime.executions.wait(execution, 30)
            return execution

        return f"/api/executions/{server.within(start)}/nodes/1/files/1"

    return run


def disposition(answer: httpx.Response) -> tuple[str, str]:
    """How a browser reads the header: what to do, and the file's name."""
    found = re.fullmatch(
        r"""(inline|attachment); filename="[\x20!#-~]+"; filename\*=UTF-8''([\w.~%-]+)""",
        answer.headers["content-disposition"],
        re.ASCII,
    )
    assert found, answer.headers["content-disposition"]
    return found[1], unquote(found[2])


def test_a_file_comes_back_as_it_was(owner: httpx.Client, run_with: Run) -> None:
    content = bytes(range(256)) * 4000
    path = run_with(content, "image/png", "Möwe 1.png", name="photo/1")
    answer = owner.get(path, params={"name": "photo/1"})
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert disposition(answer) == ("inline", "Möwe 1.png")
    assert disposition(owner.get(path, params={"name": "photo/1", "download": True})) == (
        "attachment",
        "Möwe 1.png",
    )


def test_a_file_is_found_on_its_way_in_too(owner: httpx.Client, run_with: Run) -> None:
    path = run_with(b"a,b\n1,2\n", "text/csv; charset=latin-1", "rows.csv").replace("/nodes/1/", "/nodes/2/")
    answer = owner.get(path, params={"side": "inputs", "port": "main", "scope": "[]", "attempt": 1})
    assert answer.content == b"a,b\n1,2\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("mime_type", "file_name"),
    [
        ("text/html", "page.html"),
        ("TEXT/HTML;charset=utf-8", "page.txt"),
        ("image/svg+xml", "logo.svg"),
        ("application/xhtml+xml", "page.xhtml"),
        ("text/xml", "feed.xml"),
        ("application/javascript", "code.js"),
        ("multipart/x-mixed-replace", "stream"),
        ("text/plain\r\nSet-Cookie: a=b", "split.txt"),
        ("", ""),
    ],
)
def test_what_could_act_is_only_saved(
    owner: httpx.Client, run_with: Run, mime_type: str, file_name: str
) -> None:
    answer = owner.get(run_with(b"<script>alert(1)</script>", mime_type, file_name))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert disposition(answer)[0] == "attachment"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("file_name", "saved_as"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ('a"; filename="evil.exe', "a; filename=evil.exe"),
        ("a\r\nSet-Cookie: stolen=1.txt", "aSet-Cookie stolen=1.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "file"),
        ("", "file"),
        ("x" * 5000, "x" * 150),
        ("100%25.txt", "100%25.txt"),
        ("日本語.pdf", "日本語.pdf"),
    ],
)
def test_a_hostile_name_stays_a_name(
    owner: httpx.Client, run_with: Run, file_name: str, saved_as: str
) -> None:
    answer = owner.get(run_with(b"x", "text/plain", file_name))
    assert answer.status_code == 200
    assert disposition(answer) == ("inline", saved_as)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "query", [{"name": "other"}, {"port": "other"}, {"side": "inputs"}, {"attempt": 9}, {"scope": '["5:0"]'}]
)
def test_a_file_that_is_not_there_is_named(owner: httpx.Client, run_with: Run, query: dict[str, Any]) -> None:
    path = run_with(b"x", "text/plain", "x.txt")
    answer = owner.get(path, params=query)
    assert answer.status_code == 404
    assert "has no file" in answer.json()["error"]["message"]
    assert owner.get(path.replace("/files/1", "/files/0")).status_code == 404
    assert owner.get(path.replace("/files/1", "/files/99")).status_code == 404
    assert owner.get(path.replace("/files/1", "/files/x")).status_code == 400


def test_nothing_active_is_among_the_types_that_are_shown() -> None:
    assert not {kind for kind in SHOWN | TEXTS if "html" in kind or "xml" in kind or "script" in kind}


def test_a_search_finds_keys_values_and_files(owner: httpx.Client, run_with: Run) -> None:
    path = run_with(b"x", "text/plain", "Invoice.txt").rpartition("/files/")[0]

    def found(text: str) -> list[int]:
        page = owner.get(path, params={"search": text}).json()["outputs"]["main"]
        assert page["total"] == 2
        assert page["found"] == len(page["items"])
        return [item["index"] for item in page["items"]]

    assert found("N") == [0, 1]
    assert found("2") == [1]
    assert found("invoice") == [1]
    assert found("nothing of it") == []


def test_items_say_where_they_come_from(owner: httpx.Client, run_with: Run) -> None:
    path = run_with(b"x", "text/plain", "x.txt").rpartition("/nodes/")[0]
    items = owner.get(f"{path}/nodes/2", params={"pairs": True}).json()["outputs"]["main"]["items"]
    assert [item["paired"] for item in items] == [
        [{"port": "main", "index": 0}],
        [{"port": "main", "index": 1}],
    ]
