from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from flowstudio.errors import CodeError, CodeMemory, CodeOutput, CodeTimeout, SandboxUnavailable
from flowstudio.sandbox import Python
from tests.sandbox.test_javascript import SHARED

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def strict() -> Python:
    return Python(strict=True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("return items", [{"n": 1}, {"n": 2}]),
        ("return [{'m': item['json']['n'] * 2} for item in _input.all()]", [{"m": 2}, {"m": 4}]),
        (
            "for item in _items:\n    item['json']['x'] = True\nreturn _items",
            [{"n": 1, "x": True}, {"n": 2, "x": True}],
        ),
        ("return {'a': _input.first()['json']['n'] + _input.last()['json']['n']}", [{"a": 3}]),
        (
            "return [{'v': _('Fetch').first()['json']['id'], 'w': _workflow['name']}]",
            [{"v": 1, "w": "Orders"}],
        ),
        ("import json, math\nreturn [{'v': json.dumps(math.floor(2.5))}]", [{"v": "2"}]),
    ],
)
async def test_the_strict_interpreter_runs_usual_code(
    strict: Python, code: str, expected: list[dict[str, Any]]
) -> None:
    result = await strict.run_code(code, [{"n": 1}, {"n": 2}], SHARED, owner="a")
    assert [item["json"] for item in result.items] == expected


async def test_it_runs_for_each_item_and_prints(strict: Python) -> None:
    result = await strict.run_code(
        "print(_itemIndex)\nreturn {'a': _json['n'] + item['json']['n']}",
        [{"n": 1}, {"n": 2}],
        {},
        owner="a",
        mode="each-item",
    )
    assert [item["json"] for item in result.items] == [{"a": 2}, {"a": 4}]
    assert result.stdout == "0\n1\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import requests", "does not have this: No module named 'requests'"),
        ("import os\nreturn os.environ", "does not have this"),
        ("def f():\n    yield 1\nreturn list(f())", "yield expressions"),
        ("with open('/etc/passwd') as f:\n    return f.read()", "does not have this"),
        ("return 1 / 0", "ZeroDivisionError"),
        ("return (", "SyntaxError"),
    ],
)
async def test_what_it_does_not_have_is_named(strict: Python, code: str, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        await strict.run_code(code, [], {}, owner="a")


async def test_its_limits_hold(strict: Python) -> None:
    with pytest.raises(CodeTimeout):
        await strict.run_code("while True:\n    pass", [], {}, owner="a", timeout=0.3)
    with pytest.raises(CodeMemory):
        await strict.run_code(
            "a = []\nwhile True:\n    a.append('x' * 100000)", [], {}, owner="a", memory=32 << 20
        )
    with pytest.raises(CodeOutput):
        await strict.run_code("return 5", [], {}, owner="a")
    result = await strict.run_code("return {'ok': 1}", [], {}, owner="a")
    assert result.items == [{"json": {"ok": 1}}]


async def test_cancelling_ends_the_run(strict: Python) -> None:
    task = asyncio.create_task(strict.run_code("while True:\n    pass", [], {}, owner="a", timeout=60))
    await asyncio.sleep(0)
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.2)
    assert task.cancelled()


async def test_without_the_interpreter_nothing_runs(strict: Python, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    assert (await strict.report()).tier == "off"
    with pytest.raises(SandboxUnavailable, match="pydantic-monty is not installed"):
        await strict.run_code("return []", [], {}, owner="a")
