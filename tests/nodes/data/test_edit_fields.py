from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from flowstudio.engine.context import Host
from flowstudio.engine.item import Binary, Item, Json, Pair
from tests.nodes.driver import Result, run_node


async def edit(given: Json, *fields: tuple[str, str, Any], **options: Any) -> Result:
    entries = [{"name": name, "type": type_, "value": value} for name, type_, value in fields]
    return await run_node("edit-fields", {"mode": "manual", "fields": entries, **options}, [given])


@pytest.mark.parametrize(
    ("type_", "value", "became"),
    [
        ("string", "a", "a"),
        ("string", 5, "5"),
        ("string", 5.0, "5"),
        ("string", 0.1, "0.1"),
        ("string", True, "true"),
        ("string", [1, "a"], '[1,"a"]'),
        ("string", {"a": {"b": None}}, '{"a":{"b":null}}'),
        ("string", "", ""),
        ("string", None, None),
        ("number", 5, 5),
        ("number", "5", 5),
        ("number", "5.5", 5.5),
        ("number", " 1e3 ", 1000),
        ("number", "", 0),
        ("number", True, 1),
        ("number", None, None),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", 1, True),
        ("boolean", "0", False),
        ("boolean", None, None),
        ("array", [1, 2], [1, 2]),
        ("array", "[1, 2]", [1, 2]),
        ("array", "['a']", ["a"]),
        ("array", None, None),
        ("object", {"a": 1}, {"a": 1}),
        ("object", '{"a": [1]}', {"a": [1]}),
        ("object", "{'a': 'b'}", {"a": "b"}),
        ("object", None, None),
    ],
)
async def test_a_value_is_turned_into_its_type(type_: str, value: Any, became: Any) -> None:
    [row] = (await edit({"v": value}, ("x", type_, "={{ $json.v }}"))).rows
    assert row == {"x": became}
    assert type(row["x"]) is type(became)


@pytest.mark.parametrize(
    ("type_", "value", "says"),
    [
        ("number", "abc", "should be a number, but the value is 'abc'"),
        ("number", {"a": 1}, "should be a number, but the value is an object"),
        ("number", [1, 2], "should be a number, but the value is a list"),
        ("boolean", "yes", "should be true or false, but the value is 'yes'"),
        ("boolean", 2, "should be true or false, but the value is '2'"),
        ("array", "a, b", "should be a list, but the value is 'a, b'"),
        ("array", {"a": 1}, "should be a list, but the value is an object"),
        ("array", 5, "should be a list, but the value is '5'"),
        ("object", "[1]", "should be an object, but the value is '[1]'"),
        ("object", [1], "should be an object, but the value is a list"),
        ("object", True, "should be an object, but the value is 'true'"),
    ],
)
async def test_a_value_that_does_not_fit_is_an_error_or_goes_on_as_it_is(
    type_: str, value: Any, says: str
) -> None:
    field = ("x", type_, "={{ $json.v }}")
    assert f"The field 'x' {says}. Choose another type" in (await edit({"v": value}, field)).error
    assert (await edit({"v": value}, field, ignore_conversion_errors=True)).rows == [{"x": value}]


async def test_a_long_value_is_cut_in_the_error() -> None:
    assert len((await edit({"v": "x" * 10_000}, ("x", "number", "={{ $json.v }}"))).error) < 300


ODD: Json = {"full name": "Ada", "list": [5, 6], "o": {"x y": 7}}


@pytest.mark.parametrize(
    ("name", "kept", "left"),
    [
        ("full name", {"full name": "Ada"}, {"list": [5, 6], "o": {"x y": 7}}),
        ("['full name']", {"full name": "Ada"}, {"list": [5, 6], "o": {"x y": 7}}),
        ("list[1]", {"list": [None, 6]}, {"full name": "Ada", "list": [5, None], "o": {"x y": 7}}),
        ("o['x y']", {"x y": 7}, {"full name": "Ada", "list": [5, 6], "o": {}}),
    ],
)
async def test_names_may_be_written_with_brackets(name: str, kept: Json, left: Json) -> None:
    for include, wanted in (("selected", kept), ("except", left)):
        options = {"include_other_fields": True, "include": include, "include_fields": [name]}
        assert (await edit(ODD, **options)).rows == [wanted]


ITEM = {"a": 1, "b": {"c": 2, "d": 3}, "list": [{"n": 1}, {"n": 2}]}


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, {}),
        ({"include": "all"}, {}),
        ({"include_other_fields": True}, ITEM),
        ({"include_other_fields": True, "include": "selected", "include_fields": ["a"]}, {"a": 1}),
        ({"include_other_fields": True, "include": "selected", "include_fields": "a, list"}, {"a": 1, "list": ITEM["list"]}),
        ({"include_other_fields": True, "include": "selected", "include_fields": ["b.c", "x", "x.y"]}, {"c": 2}),
        ({"include_other_fields": True, "include": "selected", "include_fields": ["b.c"], "dot_notation": False}, {}),
        ({"include_other_fields": True, "include": "except", "include_fields": ["a", "x"]}, {"b": ITEM["b"], "list": ITEM["list"]}),
        ({"include_other_fields": True, "include": "except", "include_fields": "b.c , list"}, {"a": 1, "b": {"d": 3}}),
        ({"include_other_fields": True, "include": "except", "include_fields": ["b.c"], "dot_notation": False}, ITEM),
        ({"include_other_fields": True, "include": "selected"}, {}),
        ({"include_other_fields": True, "include": "except"}, ITEM),
    ],
)  # fmt: skip
async def test_other_fields_are_kept_or_dropped(options: Json, kept: Json) -> None:
    before = deepcopy(ITEM)
    assert (await edit(ITEM, ("new", "string", "x"), **options)).rows == [{**kept, "new": "x"}]
    assert before == ITEM


@pytest.mark.parametrize(
    ("name", "dots", "result"),
    [
        ("a", True, {"a": "x", "b": {"c": 2}}),
        ("b.c", True, {"a": 1, "b": {"c": "x"}}),
        ("b.e.f", True, {"a": 1, "b": {"c": 2, "e": {"f": "x"}}}),
        ("list[1]", True, {"a": 1, "b": {"c": 2}, "list": [None, "x"]}),
        ("a.z", True, {"a": {"z": "x"}, "b": {"c": 2}}),
        ("b.c", False, {"a": 1, "b": {"c": 2}, "b.c": "x"}),
        ("", True, {"a": 1, "b": {"c": 2}}),
    ],
)
async def test_names_reach_into_objects(name: str, dots: bool, result: Json) -> None:
    given = {"a": 1, "b": {"c": 2}}
    options = {"include_other_fields": True, "dot_notation": dots}
    assert (await edit(given, (name, "string", "x"), **options)).rows == [result]


async def test_of_two_fields_of_one_name_the_last_wins() -> None:
    assert (await edit({}, ("a", "string", "1"), ("a", "number", "2"))).rows == [{"a": 2}]


async def test_names_may_be_calculated() -> None:
    assert (await edit({"k": "city", "v": "Ulm"}, ("={{ $json.k }}", "string", "={{ $json.v }}"))).rows == [
        {"city": "Ulm"}
    ]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ('={ "hello": "{{ $json.name }}" }', {"hello": "Ada"}),
        ("={{ $json.inner }}", {"deep": 1}),
        ({"hello": "={{ $json.name }}"}, {"hello": "Ada"}),
        ('{"a.b": 1}', {"a": {"b": 1}}),
        ("{}", {}),
    ],
)
async def test_an_item_may_be_written_as_json(text: Any, row: Json) -> None:
    given = [{"name": "Ada", "inner": {"deep": 1}}]
    assert (await run_node("edit-fields", {"mode": "json", "json": text}, given)).rows == [row]


async def test_json_goes_over_the_fields_that_are_kept() -> None:
    properties = {"mode": "json", "json": '{"a": 9, "b.c": 8}', "include_other_fields": True}
    assert (await run_node("edit-fields", properties, [{"a": 1, "b": {"d": 2}}])).rows == [
        {"a": 9, "b": {"c": 8, "d": 2}}
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": }', "The JSON is not valid: Expecting value in line 1, column 7, at '{\"a\": }'."),
        ('{\n "a": 1\n "b": 2}', "The JSON is not valid: Expecting ',' delimiter in line 3, column 2"),
        ("{a b: 1}", "Names and texts need double quotes"),
        ('{"a": NaN}', "The JSON is not valid: NaN is not JSON"),
        ("", "The JSON is not valid: Expecting value"),
        ("[1]", "The JSON must be one object in braces, but it is a list."),
        ('"text"', "The JSON must be one object in braces, but it is 'text'."),
        ("null", "The JSON must be one object in braces, but it is empty."),
        ([1], "The JSON must be one object in braces, but it is a list."),
        ('={ "a": "{{ $json.quote }}" }', "an expression in a text must not bring quotes"),
    ],
)
async def test_json_that_is_wrong_is_refused_with_its_place(text: Any, says: str) -> None:
    result = await run_node("edit-fields", {"mode": "json", "json": text}, [{"quote": 'say "hi"'}])
    assert says in result.error


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        ("{a: 1, b_2: [1, 2,],}", {"a": 1, "b_2": [1, 2]}),
        ('{"a": "it\'s b: c"}', {"a": "it's b: c"}),
    ],
)
async def test_json_as_people_type_it_is_understood(text: str, given: Any) -> None:
    result = await run_node("edit-fields", {"mode": "json", "json": text}, [{}])
    assert result.rows == [given]


FILE = Binary("aa", "text/plain", "a.txt", 1)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, False),
        ({"include_other_fields": True}, True),
        ({"include_other_fields": True, "include": "selected"}, True),
        ({"include_other_fields": True, "strip_binary": True}, False),
    ],
)
async def test_files_stay_with_other_fields(options: Json, kept: bool) -> None:
    [item] = (await run_node("edit-fields", options, [Item({"a": 1}, {"data": FILE})])).items
    assert item.binary == ({"data": FILE} if kept else None)
    assert item.paired_item == (Pair(0),)


@pytest.mark.asyncio(loop_scope="session")
async def test_expressions_are_javascript(caged_host: Host) -> None:
    fields = [
        {
            "name": "sum",
            "type": "number",
            "value": "={{ $json.lines.reduce((sum, line) => sum + line.price, 0) }}",
        },
        {"name": "missing", "value": "={{ $json.a.b.c }}"},
        {"name": "text", "value": "=<{{ $json.lines.length > 1 ? 'many' : 'one' }}>"},
    ]
    rows: list[Json] = [{"lines": [{"price": 2}, {"price": 3.5}]}, {"lines": [{"price": 1}]}]
    result = await run_node("edit-fields", {"fields": fields}, rows, host=caged_host)
    assert result.rows == [
        {"sum": 5.5, "missing": None, "text": "<many>"},
        {"sum": 1, "missing": None, "text": "<one>"},
    ]
