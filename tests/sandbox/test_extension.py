from __future__ import annotations

import json

import pytest

from flowstudio.sandbox import JavaScript
from flowstudio.sandbox.extension import METHODS, rewrite

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("$json.a.first()", '$extend($json.a,"first",[],false)'),
        ("$json.a?.first()", '$extend($json.a,"first",[],true)'),
        ("$json.a.unique().sum()", '$extend($extend($json.a,"unique",[],false),"sum",[],false)'),
        ("1 + $json.a[0].round(2) * 2", '1 + $extend($json.a[0],"round",[2],false) * 2'),
        ("$('A').all().first().json", "$extend($('A').all(),\"first\",[],false).json"),
        ("(a + b).toNumber()", '$extend((a + b),"toNumber",[],false)'),
        ("'x'.hash('md5')", "$extend('x',\"hash\",['md5'],false)"),
        ("new Date().plus(1, 'day')", "$extend(new Date(),\"plus\",[1, 'day'],false)"),
        ("a.map(x => x.name.toTitleCase())", 'a.map(x => $extend(x.name,"toTitleCase",[],false))'),
        ("`${a.first()} .last() `", '`${$extend(a,"first",[],false)} .last() `'),
        ("!a.isEmpty() && b", '!$extend(a,"isEmpty",[],false) && b'),
        ("typeof a.first()", 'typeof $extend(a,"first",[],false)'),
        ("[1, 2].sum()", '$extend([1, 2],"sum",[],false)'),
        ("Math.max(1, 2)", "Math.max(1, 2)"),
        ("Object.keys(a)", "Object.keys(a)"),
        ("$input.first().json", "$input.first().json"),
        ("a.first", "a.first"),
        ("'a.first()'", "'a.first()'"),
        ("a /* .first() */ .b", "a /* .first() */ .b"),
        ("a.first(", "a.first("),
        (
            "a.sum(...b.compact())",
            'a.sum(...$extend(b,"compact",[],false))'.replace("a.sum(", '$extend(a,"sum",[')[:-1]
            + "],false)",
        ),
    ],
)
async def test_calls_of_data_methods_become_calls_of_the_prelude(code: str, expected: str) -> None:
    assert rewrite(code) == expected


async def test_the_parser_and_the_prelude_know_the_same_methods(javascript: JavaScript) -> None:

    code = "return [{names: $extend.names}]"
    result = await javascript.run_code(code, [], {}, owner="tests")
    assert sorted(METHODS) == result.items[0]["json"]["names"], json.dumps(result.items[0])
