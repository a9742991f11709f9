from __future__ import annotations

import math
from typing import Literal, TypeAlias

import pytest

from flowstudio.errors import CodeError, CodeOutput
from flowstudio.sandbox import ExpressionBatch, ExpressionFailure, JavaScript
from tests.sandbox.conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHARED = {
    "now": "2026-07-01T10:00:00.000Z",
    "timezone": "Europe/Berlin",
    "execution": {"id": "42", "mode": "manual"},
    "workflow": {"id": "7", "name": "Orders", "active": True},
    "vars": {"region": "EU"},
    "env": {"STAGE": "test"},
    "runIndex": 2,
    "prevNode": {"name": "Fetch"},
    "params": {"limit": 5},
    "nodes": {
        "Fetch": {"items": [{"id": 1}, {"id": 2}, {"id": 3}], "params": {"url": "u"}, "executed": True},
        "One": {"items": [{"only": True}], "params": {}, "executed": True},
        "Later": {"items": [], "params": {}, "executed": False},
    },
}


@pytest.mark.parametrize(
    ("template", "json", "expected"),
    [
        ("{{ $json.a }}", {"a": 1}, 1),
        ("{{ $json.a }}", {"a": True}, True),
        ("{{ $json.a }}", {"a": {"b": [1, None]}}, {"b": [1, None]}),
        ("{{ $json.a }}", {}, None),
        ("{{ null }}", {}, None),
        ("{{ NaN }}", {}, None),
        ("{{ new Date(0) }}", {}, "1970-01-01T00:00:00.000Z"),
        ("{{ 10n }}", {}, 10),
        ("{{ {a: 1, b: undefined} }}", {}, {"a": 1}),
        ("{{ [1, undefined, 3] }}", {}, [1, None, 3]),
        ("no code", {}, "no code"),
        ("a {{ 1 }} b {{ true }}", {}, "a 1 b true"),
        ("[{{ null }}|{{ undefined }}]", {}, "[|]"),
        ("x{{ {} }}", {}, "x[object Object]"),
        ("x{{ [1,[2,3]] }}", {}, "x1,2,3"),
        ("{{ $json.a }}{{ $json.b }}", {"a": 1, "b": 2}, "12"),
        ("{{ $json['a b'].length }}", {"a b": "four"}, 4),
        ("{{ $json.a.b.c }}", {}, None),
        ("{{ $json.a.b }}!", {}, "!"),
        ("{{ $json.a.toUpperCase() }}", {}, None),
        ("{{ $json.list.map(x => x * 2) }}", {"list": [1, 2]}, [2, 4]),
        ("{{ (() => { let t = 0; for (const x of $json.list) t += x; return t; })() }}", {"list": [1, 2]}, 3),
        ("{{ (() => { total = 0; for (i = 0; i < 3; i++) total += i; return total; })() }}", {}, 3),
        ("{{ Object.keys($json).length }}", {"a": 1, "b": 2}, 2),
        ("{{ JSON.stringify($json) }}", {"a": "é"}, '{"a":"é"}'),
        ("{{ $json.text }}", {"text": "smörgås 🙂 \u2028"}, "smörgås 🙂 \u2028"),
        ("{{ $json.values }}", {}, None),
        ("{{ $json.keys }}", {"keys": 3}, 3),
        ("{{ $itemIndex }}", {}, 0),
        (
            "{{ (() => { const o = {}; o.constructor = 1; o.toString = 2; return o; })() }}",
            {},
            {"constructor": 1, "toString": 2},
        ),
    ],
)
async def test_a_template_gives_a_value(
    evaluate: Evaluate, template: str, json: dict[str, object], expected: object
) -> None:
    value = await evaluate(template, json)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ $execution.id }}{{ $execution.mode }}", "42manual"),
        ("{{ $workflow.name }}", "Orders"),
        ("{{ $vars.region }}", "EU"),
        ("{{ $env.STAGE }}", "test"),
        ("{{ $runIndex }}", 2),
        ("{{ $prevNode.name }}", "Fetch"),
        ("{{ $parameter.limit }}", 5),
        ("{{ $now.toISO() }}", "2026-07-01T12:00:00.000+02:00"),
        ("{{ $today }}", "2026-07-01T00:00:00.000+02:00"),
        ("{{ $now }}", "2026-07-01T12:00:00.000+02:00"),
        ("at {{ $now }}", "at 2026-07-01T12:00:00.000+02:00"),
        ("{{ $now.plus({days: 1}).weekdayLong }}", "Thursday"),
        ("{{ DateTime.fromISO('2026-01-01').toISO() }}", "2026-01-01T00:00:00.000+01:00"),
        ("{{ Duration.fromObject({hours: 2}).as('minutes') }}", 120),
        (
            "{{ $('Fetch').first().json.id }}{{ $('Fetch').last().json.id }}{{ $('Fetch').all().length }}",
            "133",
        ),
        ("{{ $('Fetch').itemMatching(0).json.id }}", 2),
        ("{{ $('Fetch').item.json.id }}", 2),
        ("{{ $('Fetch').params.url }}", "u"),
        ("{{ $('Fetch').isExecuted }}", True),
        ("{{ $('Later').isExecuted }}", False),
        ("{{ $('One').item.json.only }}", True),
        ("{{ $node['Fetch'].json.id }}", 2),
        ("{{ $node.One.json.only }}", True),
        ("{{ $items('Fetch').length }}", 3),
        ("{{ $input.item.json.a }}", 1),
        ("{{ $input.first().json.a }}{{ $input.last().json.a }}{{ $input.all().length }}", "111"),
        ("{{ $input.params.limit }}", 5),
        ("{{ $max(1, 5, 3) }}{{ $min(4, 2) }}", "52"),
        ("{{ $if(1 > 2, 'a', 'b') }}", "b"),
        ("{{ $ifEmpty('', 'x') }}{{ $ifEmpty([], 'y') }}{{ $ifEmpty(0, 'z') }}", "xy0"),
        ("{{ $jmespath({a: [{b: 1}, {b: 2}]}, 'a[*].b') }}", [1, 2]),
        ("{{ (1234.5).toLocaleString() }}", "1,234.5"),
        ("{{ $response.status }}", 200),
        ("{{ $tag }}", "x"),
        ("{{ $binary.file.mimeType }}", "text/plain"),
    ],
)
async def test_the_scope_has_what_n8n_has(evaluate: Evaluate, template: str, expected: object) -> None:
    per_item = {"paired": {"Fetch": [1]}, "binary": [{"file": {"mimeType": "text/plain"}}], "$tag": ["x"]}
    shared = {**SHARED, "$response": {"status": 200}}
    assert await evaluate(template, {"a": 1}, shared=shared, per_item=per_item) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ $fromAI('city', 'Where?', 'string') }}", "Oslo"),
        ("{{ $fromAI('days', 'How many?', 'number', 3) }}", 3),
        ("{{ $fromai('city').length + $fromAi('none', '', 'number', 1) }}", 5),
    ],
)
async def test_tools_see_the_values_that_the_agent_chose(
    evaluate: Evaluate, template: str, expected: object
) -> None:
    assert await evaluate(template, {}, shared={**SHARED, "fromAI": {"city": "Oslo"}}) == expected


async def test_a_value_that_the_agent_did_not_choose_is_named(evaluate: Evaluate) -> None:
    value = await evaluate("{{ $fromAI('country') }}", {}, shared={**SHARED, "fromAI": {}})
    assert isinstance(value, ExpressionFailure)
    assert "the agent gave no value for 'country'" in value.message


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ $json. }}", "Invalid syntax"),
        ("{{ foo }}", "foo is not defined"),
        ("{{ (() => { throw new Error('own words') })() }}", "own words"),
        ("{{ (5).nope() }}", "not a function"),
        ("{{ $json.toString }}", "please add ()"),
        ("{{ $('Nowhere').first() }}", "There is no node 'Nowhere'"),
        ("{{ $('Later').first() }}", "Node 'Later' has not run"),
        ("{{ $('Fetch').item }}", "No item of node 'Fetch' belongs to item 0"),
        ("{{ $env.PATH }}", "FLOWSTUDIO_ALLOW_ENV"),
        ("{{ $fromAI('x') }}", "tool"),
        ("{{ (() => { const a = {}; a.a = a; return a; })() }}", "circular"),
        ("{{ Symbol('x') }}", "symbol"),
        ("{{ (async () => 1)() }}", "promise"),
        ("{{ $json.missing.toTitleCase() }}", "cannot be used on undefined"),
        ("{{ 'x'.beginningOf('week') }}", "not a date"),
        ("{{ (function f() { return f() })() }}", "stack"),
        ("text {{ $json.a", "never closed"),
    ],
)
async def test_what_an_expression_throws_fails_its_cell(
    evaluate: Evaluate, template: str, message: str
) -> None:
    value = await evaluate(template, {}, shared=SHARED)
    assert isinstance(value, ExpressionFailure)
    assert message in value.message


async def test_one_bad_item_fails_only_its_own_cell(javascript: JavaScript) -> None:
    batch = ExpressionBatch(
        ["{{ $json.f.nope() }}", "{{ $json.n }}", "{{ ( }}"], [{"f": {"x": 1}, "n": 1}, {"n": 2}]
    )
    first, second = await javascript.evaluate(batch, owner="tests")
    assert isinstance(first[0], ExpressionFailure)
    assert second[0] is None
    assert (first[1], second[1]) == (1, 2)
    assert isinstance(second[2], ExpressionFailure)


async def test_items_pair_with_the_items_of_other_nodes(evaluate: Evaluate) -> None:
    values = await evaluate(
        "{{ $('Fetch').item.json.id }}",
        items=[{}, {}, {}],
        shared=SHARED,
        per_item={"paired": {"Fetch": [2, 0, None]}},
    )
    assert values[:2] == [3, 1]
    assert isinstance(values[2], ExpressionFailure)


async def test_a_template_that_changes_its_item_does_not_change_it_for_others(javascript: JavaScript) -> None:
    batch = ExpressionBatch(["{{ $json.l.sort()[0] }}", "{{ $json.l[0] }}"], [{"l": [3, 1, 2]}])
    assert await javascript.evaluate(batch, owner="tests") == [[1, 3]]


async def test_no_items_give_no_values(javascript: JavaScript) -> None:
    assert await javascript.evaluate(ExpressionBatch(["{{ 1 }}"], []), owner="tests") == []


async def test_odd_texts_and_numbers_survive(evaluate: Evaluate) -> None:
    assert await evaluate("{{ $json.n }}", {"n": 2**70}) == float(2**70)
    assert await evaluate("{{ $json.s.length }}", {"s": "a\ud800"}) in (2, 3)
    assert await evaluate("{{ '\\ud800x' }}") == "\ufffdx"
    assert await evaluate("{{ $json.n }}", {"n": math.inf}) is None


Mode: TypeAlias = Literal["all-items", "each-item"]

CODE = pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("return items", [{"n": 1}, {"n": 2}]),
        ("return $input.all()", [{"n": 1}, {"n": 2}]),
        (
            "for (const item of $input.all()) item.json.x = 1;\nreturn $input.all();",
            [{"n": 1, "x": 1}, {"n": 2, "x": 1}],
        ),
        ("return items.map(item => ({json: {m: item.json.n * 2}}))", [{"m": 2}, {"m": 4}]),
        ("return [{a: 1}, {a: 2}]", [{"a": 1}, {"a": 2}]),
        ("return {a: 1}", [{"a": 1}]),
        ("return {json: {a: 1}}", [{"a": 1}]),
        ("return []", []),
        ("const v = await Promise.resolve(7); return [{v}]", [{"v": 7}]),
        ("await new Promise(done => setTimeout(done, 2)); return [{ok: true}]", [{"ok": True}]),
        (
            "return [{d: DateTime.fromISO('2026-01-01', {zone: 'utc'}).plus({days: 1})}]",
            [{"d": "2026-01-02T00:00:00.000Z"}],
        ),
        ("return [{v: $('Fetch').first().json.id, w: $workflow.name}]", [{"v": 1, "w": "Orders"}]),
        (
            "Array.prototype.mine = function () { return this.length }; return [{n: [1, 2].mine()}]",
            [{"n": 2}],
        ),
        (
            "class Mine extends Error { constructor(m) { super(m); this.name = 'Mine' } }\ntry { throw new Mine('x') } catch (e) { return [{n: e.name}] }",
            [{"n": "Mine"}],
        ),
    ],
)


@CODE
async def test_code_runs_once_for_all_items(
    javascript: JavaScript, code: str, expected: list[dict[str, object]]
) -> None:
    result = await javascript.run_code(code, [{"n": 1}, {"n": 2}], SHARED, owner="tests")
    assert [item["json"] for item in result.items] == expected


async def test_code_runs_for_each_item(javascript: JavaScript) -> None:
    code = "console.log($itemIndex, $json); if ($json.n === 2) return null; return {n: $input.item.json.n * 10, same: item.json.n}"
    result = await javascript.run_code(
        code, [{"n": 1}, {"n": 2}, {"n": 3}], {}, owner="tests", mode="each-item"
    )
    assert result.items == [
        {"json": {"n": 10, "same": 1}, "pairedItem": 0},
        {"json": {"n": 30, "same": 3}, "pairedItem": 2},
    ]
    assert result.stdout == '0 {"n":1}\n1 {"n":2}\n2 {"n":3}\n'


async def test_half_a_character_is_printed_as_a_replacement(javascript: JavaScript) -> None:
    result = await javascript.run_code("console.log('a\\ud800b'); return []", [], {}, owner="tests")
    assert result.stdout == "a\ufffdb\n"


@pytest.mark.parametrize(
    ("code", "mode", "message", "line"),
    [
        ("const a = 1;\n\nthrow new Error('own words');", "all-items", "own words", 3),
        ("\nnull.x", "all-items", "cannot read property 'x' of null", 2),
        ("return [", "all-items", "SyntaxError", None),
        ("if ($json.n === 2) throw new Error('second')\nreturn {}", "each-item", "second", 1),
        ("await new Promise(() => {})", "all-items", "never happens", None),
        ("return $input.item", "all-items", "no", None),
    ],
)
async def test_failures_of_code_name_their_line(
    javascript: JavaScript, code: str, mode: Mode, message: str, line: int | None
) -> None:
    with pytest.raises(CodeError, match=message) as caught:
        await javascript.run_code(
            "console.log('before');" + code, [{"n": 1}, {"n": 2}], {}, owner="tests", mode=mode
        )
    assert line is None or caught.value.line == line
    assert caught.value.stdout.startswith("before") or "SyntaxError" in message
    assert caught.value.item == (1 if mode == "each-item" else None)


@pytest.mark.parametrize(
    ("code", "mode", "message"),
    [
        ("const a = 1", "all-items", "does not return items"),
        ("return null", "all-items", "does not return items"),
        ("return 5", "all-items", "the number 5"),
        ("return [1]", "all-items", "Item 0 of the result is the number 1"),
        ("return [{json: {}}, {a: 1}]", "all-items", "unknown key 'a'"),
        ("return [{json: 1}]", "all-items", "'json' of item 0 is the number 1"),
        ("return () => 1", "all-items", "function"),
        ("const a = 1", "each-item", "returned nothing for item 0"),
        ("return [1]", "each-item", "a list for item 0"),
        ("return 'x'", "each-item", "the text 'x' for item 0"),
    ],
)
async def test_what_is_not_items_is_refused(
    javascript: JavaScript, code: str, mode: Mode, message: str
) -> None:
    with pytest.raises(CodeOutput, match=message):
        await javascript.run_code(code, [{"n": 1}], {}, owner="tests", mode=mode)
