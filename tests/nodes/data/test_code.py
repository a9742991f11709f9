from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from flowstudio.engine.context import Host
from flowstudio.engine.item import Binary, Item, Json, Pair
from flowstudio.errors import CodeError, CodeOutput, CodeTimeout
from flowstudio.nodes.data.code import CodeNode
from flowstudio.sandbox import CodeResult, JavaScript, Sandbox
from tests.nodes.driver import make_host, run_node
from tests.nodes.http.harness import MemoryBinaries, World, item

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS: list[Json] = [{"n": 1}, {"n": 2}, {"n": 3}]


async def rows(
    host: Host, language: str, code: str, mode: str = "all-items", **properties: Any
) -> list[Json]:
    given = {"language": language, "mode": mode, "code": code, **properties}
    return (await run_node("code", given, ROWS, host=host)).rows


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 'return [{"n": item["json"]["n"] * 2} for item in items if item["json"]["n"] > 1]'),
        ("python", 'return [{"json": {"n": i["json"]["n"] * 2}} for i in _input.all()[1:]]'),
        ("javascript", "return $input.all().slice(1).map(({ json }) => ({ json: { n: json.n * 2 } }));"),
        ("javascript", "return items.filter(i => i.json.n > 1).map(i => ({ n: i.json.n * 2 }));"),
        (
            "javascript",
            "const all = await Promise.resolve(items); return all.slice(1).map(i => ({ n: i.json.n * 2 }));",
        ),
    ],
)
async def test_code_for_all_items_gives_a_list(caged_host: Host, language: str, code: str) -> None:
    assert await rows(caged_host, language, code) == [{"n": 4}, {"n": 6}]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 'if _json["n"] > 1:\n    return {"n": _json["n"] * 2}'),
        ("javascript", "if ($json.n > 1) return { n: $input.item.json.n * 2 }; return null;"),
    ],
)
async def test_code_for_each_item_gives_an_object_or_leaves_the_item_out(
    caged_host: Host, language: str, code: str
) -> None:
    result = await run_node(
        "code", {"language": language, "mode": "each-item", "code": code}, ROWS, host=caged_host
    )
    assert result.rows == [{"n": 4}, {"n": 6}]
    assert [made.paired_item for made in result.items] == [(Pair(1),), (Pair(2),)]


@pytest.mark.parametrize(
    ("code", "pairs"),
    [
        ("return [{ json: {}, pairedItem: 2 }]", [(2,)]),
        ("return [{ json: {}, pairedItem: { item: 1 } }]", [(1,)]),
        ("return [{ json: {}, pairedItem: [0, { item: 2, input: 0 }] }]", [(0, 2)]),
        ("return [{ json: {}, pairedItem: 7 }, { json: {} }]", [(), ()]),
        ("return [{ json: {}, pairedItem: 'x' }, { json: {}, pairedItem: true }]", [(), ()]),
        ("return items.reverse()", [(0,), (1,), (2,)]),
    ],
)
async def test_code_says_where_items_came_from(
    caged_host: Host, code: str, pairs: list[tuple[int, ...]]
) -> None:
    result = await run_node("code", {"code": code}, ROWS, host=caged_host)
    assert [tuple(pair.index for pair in made.paired_item) for made in result.items] == pairs


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 'print("one"); print("two")\nreturn []'),
        ("javascript", 'console.log("one"); console.log("two"); return [];'),
    ],
)
async def test_what_code_prints_is_in_the_log(caged_host: Host, language: str, code: str) -> None:
    result = await run_node("code", {"language": language, "code": code}, ROWS, host=caged_host)
    assert result.outcome.stdout == "one\ntwo\n"


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [
        ("python", 'print("before")\n\nreturn items[99]', 3),
        ("python", 'print("before")\nreturn [', 2),
        ("javascript", 'console.log("before");\n\nnothing.here();', 3),
    ],
)
async def test_a_failure_tells_its_line(caged_host: Host, language: str, code: str, line: int) -> None:
    node = CodeNode.model_validate({"language": language, "code": code})
    world = World(caged_host.services)
    with pytest.raises(CodeError) as caught:
        await node.run({"main": [item(row, index=i) for i, row in enumerate(ROWS)]}, world.context)
    assert caught.value.line == line
    assert "".join(world.printed) == ("" if code.endswith("[") else "before\n")


async def test_a_failed_item_is_named(caged_host: Host) -> None:
    node = CodeNode.model_validate(
        {"mode": "each-item", "code": "if ($json.n === 2) throw new Error('no'); return {}"}
    )
    with pytest.raises(CodeError) as caught:
        await node.run({"main": [item(row) for row in ROWS]}, World(caged_host.services).context)
    assert caught.value.item == 1


@pytest.mark.parametrize(
    ("language", "code"), [("python", "while True: pass"), ("javascript", "for (;;) {}")]
)
async def test_endless_code_is_stopped(caged_host: Host, language: str, code: str) -> None:
    node = CodeNode.model_validate({"language": language, "code": code, "timeout": 0.3})
    with pytest.raises(CodeTimeout):
        await node.run({"main": [item()]}, World(caged_host.services).context)


@pytest.mark.parametrize(
    ("language", "mode", "code", "words"),
    [
        ("python", "all-items", "return 7", "the number 7"),
        ("python", "all-items", "pass", "does not return items"),
        ("javascript", "all-items", "return [1]", "Item 0 of the result is the number 1"),
        ("javascript", "each-item", "return [{}]", "must return an object"),
    ],
)
async def test_what_is_no_item_is_refused(
    caged_host: Host, language: str, mode: str, code: str, words: str
) -> None:
    properties = {"language": language, "mode": mode, "code": code}
    assert words in (await run_node("code", properties, ROWS, host=caged_host)).error


async def test_code_is_no_expression(caged_host: Host) -> None:
    assert await rows(caged_host, "javascript", "return [{ json: { text: '={{ $json.n }}' } }]") == [
        {"text": "={{ $json.n }}"}
    ]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 'return [{"n": _("feed main").first()["json"]["n"]}]'),
        ("javascript", "return [{ n: $('feed main').first().json.n }]"),
        ("javascript", "const find = $; return [{ n: find('feed main').first().json.n }]"),
        ("javascript", "return [{ n: $node['feed main'].json.n }]"),
    ],
)
async def test_code_sees_other_nodes(caged_host: Host, language: str, code: str) -> None:
    assert await rows(caged_host, language, code) == [{"n": 1}]


async def test_items_of_other_nodes_stay_outside_unless_code_asks_for_them() -> None:
    class Watched(JavaScript):
        """Notes what goes in, and runs nothing."""

        async def run_code(self, code: str, items: Any, scope: Mapping[str, Any], **_: Any) -> CodeResult:
            scopes.append(scope)
            return CodeResult([], "")

    scopes: list[Mapping[str, Any]] = []
    sandbox = Sandbox()
    sandbox.javascript = Watched()
    world = World({Sandbox: sandbox}, scope={"nodes": {"A": {"items": []}}, "vars": {"x": 1}})
    for code in ("return $json", "return `${$input.first()}`", "return $('A').all()"):
        await CodeNode.model_validate({"code": code}).run({"main": [item()]}, world.context)
    assert [scope["nodes"] for scope in scopes] == [{}, {}, {"A": {"items": []}}]
    assert all(scope["vars"] == {"x": 1} for scope in scopes)


# Files


@pytest.fixture
async def files() -> MemoryBinaries:
    return MemoryBinaries()


async def with_files(host: Host, files: MemoryBinaries, given: list[Item], code: str) -> list[Item]:
    properties = {"code": code}
    result = await run_node("code", properties, given, host=replace(host, binaries=files))
    assert result.outcome.error is None, result.error
    return result.items


async def test_files_are_passed_on(caged_host: Host, files: MemoryBinaries) -> None:
    photo = await files.put(b"png", mime_type="image/png", file_name="sea.png")
    given = [Item({"n": 1}, {"photo": photo})]
    [made] = await with_files(caged_host, files, given, "return $input.all()")
    assert made.binary == {"photo": photo}
    code = "const [i] = items; i.binary = { copy: { ...i.binary.photo, fileName: 'new.png' } }; return [i]"
    [renamed] = await with_files(caged_host, files, given, code)
    assert renamed.binary == {"copy": replace(photo, file_name="new.png")}


async def test_code_makes_a_file(caged_host: Host, files: MemoryBinaries) -> None:
    data = b64encode(b"hello").decode()
    code = f"return [{{ json: {{}}, binary: {{ note: {{ data: '{data}', mimeType: 'text/plain', fileName: 'a.txt' }} }} }}]"
    [made] = await with_files(caged_host, files, [Item({})], code)
    assert made.binary is not None
    assert made.binary["note"].file_name == "a.txt"
    assert await files.get(made.binary["note"]) == b"hello"


async def test_code_cannot_open_a_file_that_it_was_not_given(caged_host: Host, files: MemoryBinaries) -> None:
    secret = await files.put(b"secret", mime_type="text/plain", file_name="secret.txt")
    code = f"return [{{ json: {{}}, binary: {{ x: {{ id: '{secret.digest}', mimeType: 'text/plain', fileName: 'x' }} }} }}]"
    result = await run_node("code", {"code": code}, [Item({})], host=replace(caged_host, binaries=files))
    assert "is none that the code was given" in result.error


@pytest.mark.parametrize(
    "binary",
    ["'x'", "[1]", "{ x: 1 }", "{ x: { data: '***' } }", "{ x: { id: 7 } }"],
)
async def test_what_is_no_file_is_refused(caged_host: Host, binary: str) -> None:
    node = CodeNode.model_validate({"code": f"return [{{ json: {{}}, binary: {binary} }}]"})
    with pytest.raises(CodeOutput):
        await node.run({"main": [item()]}, World(caged_host.services).context)


async def test_files_of_other_nodes_may_be_passed_on(caged_host: Host) -> None:
    file = Binary("ab", "text/plain", "a.txt", 2)
    described = {"id": "ab", "mimeType": "text/plain", "fileName": "a.txt", "fileSize": 2}
    world = World(caged_host.services, scope={"nodes": {"A": {"items": [{}], "binary": [{"f": described}]}}})
    node = CodeNode.model_validate({"code": "return [{ json: {}, binary: $('A').first().binary }]"})
    [made] = (await node.run({"main": [item()]}, world.context))["main"]
    assert made.binary == {"f": file}


async def test_without_a_sandbox_nothing_runs() -> None:
    result = await run_node("code", {"code": "return []"}, ROWS, host=make_host())
    assert "Sandbox is not available" in result.error
