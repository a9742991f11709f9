from __future__ import annotations

from typing import Any, Literal

import pytest

from flowstudio.errors import CodeError, CodeOutput
from flowstudio.sandbox import Python
from tests.sandbox.test_javascript import SHARED

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _run(
    python: Python, code: str, mode: Literal["all-items", "each-item"] = "all-items", **options: Any
) -> Any:
    items = [{"n": 1, "sub": {"x": "y"}}, {"n": 2, "sub": {"x": "z"}}]
    return await python.run_code(code, items, SHARED, owner="tests", mode=mode, **options)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("return items", [{"n": 1, "sub": {"x": "y"}}, {"n": 2, "sub": {"x": "z"}}]),
        ("return [{'json': {'m': item['json']['n'] * 2}} for item in _items]", [{"m": 2}, {"m": 4}]),
        ("return [{'m': i.json.n} for i in _input.all()]", [{"m": 1}, {"m": 2}]),
        (
            "for item in _input.all():\n  item.json.new = item.json.sub.x\nreturn _input.all()",
            [{"n": 1, "sub": {"x": "y"}, "new": "y"}, {"n": 2, "sub": {"x": "z"}, "new": "z"}],
        ),
        ("return {'a': 1}", [{"a": 1}]),
        ("return {'json': {'a': 1}}", [{"a": 1}]),
        ("return []", []),
        ("def double(x):\n    return x * 2\nif True:\n    return [{'v': double(4)}]", [{"v": 8}]),
        ("import math, json, re\nreturn [{'v': json.loads(json.dumps(math.floor(2.5)))}]", [{"v": 2}]),
        ("import statistics\nreturn [{'v': statistics.mean(i['json']['n'] for i in items)}]", [{"v": 1.5}]),
        ("text = '''\nkeep\n  this'''\nreturn [{'v': text}]", [{"v": "\nkeep\n  this"}]),
        ("from datetime import date\nreturn [{'v': date(2026, 1, 2)}]", [{"v": "2026-01-02"}]),
        (
            "from decimal import Decimal\nreturn [{'v': Decimal('1.5'), 'w': (1, 2), 'x': float('nan')}]",
            [{"v": 1.5, "w": [1, 2], "x": None}],
        ),
        (
            "return [{'v': _('Fetch').first()['json']['id'], 'w': _workflow['name'], 'x': _execution.id}]",
            [{"v": 1, "w": "Orders", "x": "42"}],
        ),
        (
            "return [{'v': _now.isoformat(), 'w': _today.isoformat()}]",
            [{"v": "2026-07-01T12:00:00+02:00", "w": "2026-07-01T00:00:00+02:00"}],
        ),
        (
            "import zoneinfo, datetime\nreturn [{'v': str(datetime.datetime(2026,1,1,tzinfo=zoneinfo.ZoneInfo('Asia/Tokyo')).utcoffset())}]",
            [{"v": "9:00:00"}],
        ),
        (
            "import xml.dom.minidom, configparser\nreturn [{'v': xml.dom.minidom.parseString('<a/>').documentElement.tagName}]",
            [{"v": "a"}],
        ),
        ("return [{1: 'a', None: 'b'}]", [{"1": "a", "null": "b"}]),
        ("return [{'v': 2**70}]", [{"v": float(2**70)}]),
        ("return [{'v': 'a\\ud800b'}]", [{"v": "a\ufffdb"}]),
    ],
)
async def test_code_runs_once_for_all_items(
    python: Python, code: str, expected: list[dict[str, Any]]
) -> None:
    result = await _run(python, code)
    assert [item["json"] for item in result.items] == expected


async def test_code_runs_for_each_item(python: Python) -> None:
    code = (
        "print(_itemIndex, _json)\nif _json['n'] == 2:\n    return None\n"
        "return {'a': item['json']['n'], 'b': _item.json.sub.x, 'c': _input.item.json.n}"
    )
    result = await _run(python, code, "each-item")
    assert result.items == [{"json": {"a": 1, "b": "y", "c": 1}, "pairedItem": 0}]
    assert result.stdout.splitlines()[0] == "0 {'n': 1, 'sub': {'x': 'y'}}"


async def test_each_item_finds_its_pair(python: Python) -> None:
    result = await _run(
        python,
        "return {'id': _('Fetch').item['json']['id']}",
        "each-item",
        per_item={"paired": {"Fetch": [2, 0]}},
    )
    assert [item["json"]["id"] for item in result.items] == [3, 1]


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("x = 1\n\nraise ValueError('own words')", "ValueError: own words", 3),
        ("def f():\n    return 1 / 0\nreturn f()", "ZeroDivisionError", 2),
        ("return [", "SyntaxError", 1),
        ("import requests", "No module named 'requests'", 1),
        ("return undefined_name", "undefined_name", 1),
        ("return items[0].json.nope", "no field 'nope'", 1),
        ("return _('Nowhere')", "no node 'Nowhere'", 1),
        ("return _('Later')", "has not run", 1),
        ("return [{'v': object()}]", "type object cannot be part of an item", None),
        ("a = []\na.append(a)\nreturn [{'v': a}]", "nested more than 200", None),
        ("return [{(1, 2): 1}]", "keys must be", None),
        ("class E(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise E", "E", 4),
    ],
)
async def test_failures_of_code_name_their_line(
    python: Python, code: str, message: str, line: int | None
) -> None:
    with pytest.raises(CodeError) as caught:
        await _run(python, "print('before')\n" + code if "SyntaxError" not in message else code)
    assert message in str(caught.value)
    if line is not None:
        assert caught.value.line == line + (0 if "SyntaxError" in message else 1)
    assert caught.value.stdout == ("" if "SyntaxError" in message else "before\n")


async def test_a_failure_names_the_item(python: Python) -> None:
    with pytest.raises(CodeError, match="boom") as caught:
        await _run(python, "if _json['n'] == 2: raise KeyError('boom')\nreturn {}", "each-item")
    assert caught.value.item == 1


@pytest.mark.parametrize(
    ("code", "mode", "message"),
    [
        ("x = 1", "all-items", "does not return items"),
        ("return 'x'", "all-items", "the text 'x'"),
        ("return [1]", "all-items", "Item 0 of the result is the number 1"),
        ("return [{'json': {}, 'data': 1}]", "all-items", "unknown key 'data'"),
        ("return [1]", "each-item", "a list for item 0"),
    ],
)
async def test_what_is_not_items_is_refused(
    python: Python, code: str, mode: Literal["all-items", "each-item"], message: str
) -> None:
    with pytest.raises(CodeOutput, match=message):
        await _run(python, code, mode)


async def test_one_run_leaves_nothing_for_the_next(python: Python) -> None:
    await _run(python, "import builtins, json\nbuiltins.leak = 1\njson.loads = None\nreturn []")
    result = await _run(
        python, "import builtins, json\nreturn [{'v': hasattr(builtins, 'leak'), 'w': json.loads('1')}]"
    )
    assert result.items == [{"json": {"v": False, "w": 1}}]
