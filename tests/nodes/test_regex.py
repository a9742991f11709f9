from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from flowstudio.engine.context import Host
from flowstudio.nodes import regex
from tests.nodes.driver import make_host, run_node

CAGED = pytest.mark.asyncio(loop_scope="session")


class Counting:
    """Passes batches on and counts them."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.sizes: list[int] = []

    async def evaluate(self, templates: Sequence[str], items: Sequence[Any], *rest: Any, **more: Any) -> Any:
        self.sizes.append(len(items))
        return await self.inner.evaluate(templates, items, *rest, **more)


def filter_by(pattern: str, test: str = "matches_regex", **options: Any) -> dict[str, Any]:
    condition = {"left": "={{ $json.text }}", "type": "string", "test": test, "right": pattern}
    return {"conditions": [condition], **options}


@CAGED
@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{3}$", "123", True),
        (r"^\d{3}$", "1234", False),
        (r"\d+", "order 12", True),
        (r"/^ORDER/i", "order 12", True),
        (r"/^ORDER/", "order 12", False),
        (r"a.c", "a\nc", False),
        (r"/a.c/s", "a\nc", True),
        (r"/^b/m", "a\nb", True),
        (r"^b", "a\nb", False),
        (r"c$", "c\n", False),
        (r"(?<=€)\d+", "€5", True),
        (r"(?<year>\d{4})-\k<year>", "2024-2024", True),
        (r"(\w)\1", "hello", True),
        (r"^[^]$", "\n", True),
        (r"/^\p{Lu}/u", "Ärger", True),
        (r"/^.$/u", "😀", True),
        (r"^.$", "😀", False),
        (r"\s", "\u00a0", True),
        (r"\w", "ä", False),
        (r"\d", "٣", False),
        (r"", "anything", True),
        (r"", "", True),
        (r"foo", "a foo b", True),
        (r"^foo$", "foo", True),
        (r"^foo$", "foo\n", False),
        (r"/foo/i", "FOO", True),
        (r"a/b", "a/b", True),
        (r"/K/i", "\u212a", False),
        (r"/\u212a/iu", "k", True),
    ],
)
async def test_patterns_mean_what_they_mean_in_javascript(
    pattern: str, text: str, found: bool, caged_host: Host
) -> None:
    result = await run_node("filter", filter_by(pattern), [{"text": text}], host=caged_host)
    assert result.ports == {"kept" if found else "discarded": [{"text": text}]}
    negated = await run_node(
        "filter", filter_by(pattern, "not_matches_regex"), [{"text": text}], host=caged_host
    )
    assert negated.ports == {"discarded" if found else "kept": [{"text": text}]}


@CAGED
async def test_case_can_be_ignored(caged_host: Host) -> None:
    result = await run_node(
        "filter", filter_by("^A[B-D]", ignore_case=True), [{"text": "abc"}], host=caged_host
    )
    assert list(result.ports) == ["kept"]


@CAGED
@pytest.mark.parametrize("pattern", ["(", "a**", "/a/gg", r"/\p{Nonsense}/u"])
async def test_a_pattern_that_is_wrong_is_named(pattern: str, caged_host: Host) -> None:
    result = await run_node("filter", filter_by(pattern), [{"text": "a"}], host=caged_host)
    inner = pattern.split("/")[1] if pattern.startswith("/") else pattern
    assert result.error.startswith(f"'{inner}' is not a valid regular expression: ")


@CAGED
@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|aa)+$", r"^(.*)*x$", r"/(\w+\s?)+$/u"])
async def test_a_catastrophic_pattern_is_stopped_while_the_server_goes_on(
    pattern: str, caged_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "TIMEOUT", 0.3)
    gaps = []

    async def beat() -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.01)
            gaps.append(loop.time() - last)
            last = loop.time()

    heart = asyncio.create_task(beat())
    text = "a" * 60_000 + "!"
    result = await run_node("filter", filter_by(pattern), [{"text": text}], host=caged_host)
    heart.cancel()
    assert "takes too long or too much memory; avoid nested repetitions" in result.error
    assert len(gaps) >= 5
    after = await run_node("filter", filter_by("^b+$"), [{"text": "bbb"}], host=caged_host)
    assert list(after.ports) == ["kept"]


@CAGED
async def test_the_texts_of_many_items_travel_together(caged_host: Host) -> None:
    counting = Counting(caged_host.evaluator)
    rows = [{"text": f"{i:05}"} for i in range(1200)]
    result = await run_node("filter", filter_by("[05]$"), rows, host=make_host(evaluator=counting))
    assert result.ports["kept"] == [row for row in rows if row["text"][-1] in "05"]
    assert result.ports["discarded"] == [row for row in rows if row["text"][-1] not in "05"]
    assert counting.sizes == [500, 500, 200]


@CAGED
async def test_each_item_may_bring_a_pattern_of_its_own(caged_host: Host) -> None:
    properties = filter_by("={{ $json.pattern }}")
    rows = [
        {"text": "aa", "pattern": "^a+$"},
        {"text": "aa", "pattern": "^b+$"},
        {"text": "bb", "pattern": "^b+$"},
    ]
    result = await run_node("filter", properties, rows, host=caged_host)
    assert result.ports == {"kept": [rows[0], rows[2]], "discarded": [rows[1]]}


async def test_plain_words_need_no_cage() -> None:
    for pattern, kept in (
        ("/^foo/i", ["foot", "FOO"]),
        ("oo", ["foot", "boo"]),
        ("^boo$", ["boo"]),
        ("t$", ["foot"]),
    ):
        rows = [{"text": text} for text in ("foot", "FOO", "boo")]
        result = await run_node("filter", filter_by(pattern), rows)
        assert [row["text"] for row in result.ports["kept"]] == kept


async def test_a_failing_cage_fails_the_items_with_its_words() -> None:
    class Off:
        async def evaluate(self, *_: Any, **__: Any) -> Any:
            from flowstudio.errors import SandboxUnavailable

            raise SandboxUnavailable("JavaScript is off on this system.")

    rows = [{"text": "a"}, {"text": "b"}]
    result = await run_node(
        "filter",
        filter_by("a+"),
        rows,
        host=make_host(evaluator=Off()),
        settings={"on_error": "error_output"},
    )
    assert [row["error"] for row in result.ports["error"]] == ["JavaScript is off on this system."] * 2
