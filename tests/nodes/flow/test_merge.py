from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.item import Binary, Item, Json, Pair
from flowstudio.nodes.flow.merge import Merge
from flowstudio.nodes.joins import Blend, alike
from tests.nodes.driver import run_node

PEOPLE = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bruno"}, {"id": 3, "name": "Chiara"}]
CITIES = [{"id": 2, "city": "Bonn"}, {"id": 3, "city": "Celle"}, {"id": 4, "city": "Dessau"}]
BY_ID = {"mode": "combine", "combine_by": "matching_fields", "fields_to_match": [{"field_1": "id"}]}

BRUNO = {"id": 2, "name": "Bruno", "city": "Bonn"}
CHIARA = {"id": 3, "name": "Chiara", "city": "Celle"}


async def merge(first: list[Json], second: list[Json], **properties: Any) -> list[Json]:
    return (await run_node("merge", properties, {"input1": first, "input2": second})).rows


@pytest.mark.parametrize(
    ("join_mode", "output_data", "expected"),
    [
        ("keep_matches", "both", [BRUNO, CHIARA]),
        ("keep_matches", "input_1", PEOPLE[1:]),
        ("keep_matches", "input_2", CITIES[:2]),
        (
            "keep_non_matches",
            "both",
            [{"id": 1, "name": "Ada", "_source": "input1"}, {"id": 4, "city": "Dessau", "_source": "input2"}],
        ),
        ("keep_non_matches", "input_1", [PEOPLE[0]]),
        ("keep_non_matches", "input_2", [CITIES[2]]),
        ("keep_everything", "both", [BRUNO, CHIARA, PEOPLE[0], CITIES[2]]),
        ("keep_everything", "input_1", [BRUNO, CHIARA, PEOPLE[0], CITIES[2]]),
        ("enrich_input_1", "both", [BRUNO, CHIARA, PEOPLE[0]]),
        ("enrich_input_2", "both", [BRUNO, CHIARA, CITIES[2]]),
    ],
)
async def test_matching_fields_join_as_tables_do(
    join_mode: str, output_data: str, expected: list[Json]
) -> None:
    assert await merge(PEOPLE, CITIES, **BY_ID, join_mode=join_mode, output_data=output_data) == expected


@pytest.mark.parametrize(
    ("join_mode", "without_second", "without_first"),
    [
        ("keep_matches", [], []),
        ("keep_everything", PEOPLE, CITIES),
        ("enrich_input_1", PEOPLE, []),
        ("enrich_input_2", [], CITIES),
    ],
)
async def test_an_input_without_items_has_no_partners(
    join_mode: str, without_second: list[Json], without_first: list[Json]
) -> None:
    assert await merge(PEOPLE, [], **BY_ID, join_mode=join_mode) == without_second
    assert await merge([], CITIES, **BY_ID, join_mode=join_mode) == without_first


TWICE = [{"id": 2, "city": "Bonn"}, {"id": 2, "city": "Basel"}]


@pytest.mark.parametrize(
    ("multiple", "join_mode", "expected"),
    [
        ("all", "keep_matches", ["Bonn", "Basel"]),
        ("first", "keep_matches", ["Bonn"]),
        ("all", "enrich_input_2", ["Bonn", "Basel"]),
        ("first", "enrich_input_2", ["Bonn", "Basel"]),
    ],
)
async def test_several_partners(multiple: str, join_mode: str, expected: list[str]) -> None:
    rows = await merge(PEOPLE, TWICE, **BY_ID, multiple_matches=multiple, join_mode=join_mode)
    assert [row["city"] for row in rows] == expected
    assert [row.get("name") for row in rows].count("Bruno") == (2 if multiple == "all" else 1)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"id": 1, "name": "new", "tags": {"a": 2, "b": 1, "c": 3}, "list": [9, 2], "note": ""}),
        (
            {"clash": "prefer_input", "preferred_input": 1},
            {"id": 1, "name": "old", "tags": {"a": 1, "b": 1, "c": 3}, "list": [1, 2], "note": "hi"},
        ),
        (
            {"clash": "prefer_input", "preferred_input": 2},
            {"id": 1, "name": "new", "tags": {"a": 2, "b": 1, "c": 3}, "list": [9, 2], "note": ""},
        ),
        ({"merge_depth": "shallow"}, {"id": 1, "name": "new", "tags": {"a": 2, "c": 3}, "list": [9], "note": ""}),
        ({"override_empty": True}, {"id": 1, "name": "new", "tags": {"a": 2, "b": 1, "c": 3}, "list": [9, 2], "note": "hi"}),
        (
            {"merge_depth": "shallow", "override_empty": True},
            {"id": 1, "name": "new", "tags": {"a": 2, "c": 3}, "list": [9], "note": "hi"},
        ),
        (
            {"join_mode": "enrich_input_2"},
            {"id": 1, "name": "old", "tags": {"a": 1, "b": 1, "c": 3}, "list": [1, 2], "note": "hi"},
        ),
        (
            {"clash": "add_suffix"},
            {
                "id_1": 1, "name_1": "old", "tags_1": {"a": 1, "b": 1}, "list_1": [1, 2], "note_1": "hi",
                "id_2": 1, "name_2": "new", "tags_2": {"a": 2, "c": 3}, "list_2": [9], "note_2": "",
            },
        ),
    ],
)  # fmt: skip
async def test_clashing_fields(options: Json, expected: Json) -> None:
    old = {"id": 1, "name": "old", "tags": {"a": 1, "b": 1}, "list": [1, 2], "note": "hi"}
    new = {"id": 1, "name": "new", "tags": {"a": 2, "c": 3}, "list": [9], "note": ""}
    assert await merge([old], [new], **BY_ID | options) == [expected]


async def test_items_without_a_partner_get_the_suffix_too() -> None:
    rows = await merge(PEOPLE[:2], CITIES[:1], **BY_ID, clash="add_suffix", join_mode="enrich_input_1")
    assert rows == [{"id_1": 2, "name_1": "Bruno", "id_2": 2, "city_2": "Bonn"}, {"id_1": 1, "name_1": "Ada"}]


@pytest.mark.parametrize(
    ("left", "right", "exact", "fuzzy"),
    [
        (3, 3.0, True, True),
        (3, "3", False, True),
        (3, "3.0", False, True),
        ("3", "3.0", False, False),
        (True, "true", False, True),
        (True, "TRUE", False, True),
        (True, 1, False, False),
        (None, "", False, True),
        (None, [], False, True),
        ("", {}, False, True),
        (None, None, True, True),
        (None, 0, False, False),
        ("a", "A", False, False),
        ([1], [1], True, True),
        ({"a": [1]}, {"a": [1.0]}, True, True),
        ({"a": 1}, {"a": 2}, False, False),
    ],
)
async def test_fuzzy_comparison_tolerates_types(left: Any, right: Any, exact: bool, fuzzy: bool) -> None:
    for tolerant, wanted in ((False, exact), (True, fuzzy)):
        rows = await merge([{"id": left}], [{"id": right}], **BY_ID, fuzzy_compare=tolerant)
        assert bool(rows) is wanted
    assert alike(left, right) is alike(right, left) is fuzzy


@pytest.mark.parametrize("fuzzy", [False, True])
async def test_items_without_the_field_have_no_partner(fuzzy: bool) -> None:
    assert await merge([{"x": 1}], [{"y": 1}], **BY_ID, fuzzy_compare=fuzzy) == []


async def test_all_pairs_of_fields_must_match() -> None:
    pairs = [{"field_1": "a.b", "field_2": "x"}, {"field_1": "c"}]
    first = [{"a": {"b": 1}, "c": 1}, {"a": {"b": 1}, "c": 2}, {"a": {"b": 2}, "c": 1}]
    rows = await merge(first, [{"x": 1, "c": 2, "found": True}], **BY_ID | {"fields_to_match": pairs})
    assert rows == [{"a": {"b": 1}, "c": 2, "x": 1, "found": True}]


async def test_a_dotted_name_can_be_taken_as_it_is() -> None:
    properties = BY_ID | {"fields_to_match": [{"field_1": "a.b"}], "dot_notation": False}
    assert await merge([{"a": {"b": 1}}], [{"a": {"b": 1}}], **properties) == []
    assert await merge([{"a.b": 1}], [{"a.b": 1, "x": 2}], **properties) == [{"a.b": 1, "x": 2}]


async def test_fields_to_match_must_be_named() -> None:
    properties = {"mode": "combine", "combine_by": "matching_fields"}
    result = await run_node("merge", properties, {"input1": PEOPLE, "input2": CITIES})
    assert result.error == "Say in which fields the items must match: “Fields to match” is empty."


async def test_ten_thousand_items_are_joined_by_their_keys() -> None:
    first = [{"id": i, "a": i} for i in range(10_000)]
    second = [{"id": i, "b": i} for i in reversed(range(10_000))]
    rows = await merge(first, second, **BY_ID)
    assert rows == [{"id": i, "a": i, "b": i} for i in range(10_000)]


A, B, C = [{"a": 1}, {"a": 2}, {"a": 3}], [{"b": 1}], [{"c": 1}, {"c": 2}]


@pytest.mark.parametrize(
    ("unpaired", "expected"),
    [
        (False, [{"a": 1, "b": 1, "c": 1}]),
        (True, [{"a": 1, "b": 1, "c": 1}, {"a": 2, "c": 2}, {"a": 3}]),
    ],
)
async def test_by_position(unpaired: bool, expected: list[Json]) -> None:
    properties = {
        "mode": "combine",
        "combine_by": "position",
        "inputs_count": 3,
        "include_unpaired": unpaired,
    }
    result = await run_node("merge", properties, {"input1": A, "input2": B, "input3": C})
    assert result.rows == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"x": 3}),
        ({"clash": "prefer_input", "preferred_input": 1}, {"x": 1}),
        ({"clash": "prefer_input", "preferred_input": 2}, {"x": 2}),
        ({"clash": "add_suffix"}, {"x_1": 1, "x_2": 2, "x_3": 3}),
    ],
)
async def test_by_position_with_clashes(options: Json, expected: Json) -> None:
    properties = {"mode": "combine", "combine_by": "position", "inputs_count": 3} | options
    given = {f"input{i}": [{"x": i}] for i in (1, 2, 3)}
    assert (await run_node("merge", properties, given)).rows == [expected]


async def test_all_combinations() -> None:
    properties = {"mode": "combine", "combine_by": "all"}
    rows = await merge([{"a": 1}, {"a": 2}], [{"b": 1}, {"b": 2}], **properties)
    assert rows == [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 2}]
    assert await merge([{"a": 1}], [], **properties) == []
    assert await merge([{"x": 1}], [{"x": 2}], **properties) == [{"x": 2}]
    assert await merge([{"x": 1}], [{"x": 2}], **properties, clash="prefer_input", preferred_input=1) == [
        {"x": 1}
    ]
    assert await merge([{"x": 1}], [{"x": 2}], **properties, clash="add_suffix") == [{"x_1": 1, "x_2": 2}]


async def test_too_many_combinations_are_refused() -> None:
    many: list[Json] = [{}] * 1001
    result = await run_node(
        "merge", {"mode": "combine", "combine_by": "all"}, {"input1": many, "input2": many}
    )
    assert result.error.startswith(
        "1001 times 1001 items are more than 1000000 combinations; filter the inputs first"
    )


async def test_append_goes_through_the_inputs_in_order() -> None:
    given = {"input3": [{"n": 4}], "input1": [{"n": 1}, {"n": 2}], "input2": [{"n": 3}]}
    result = await run_node("merge", {"mode": "append", "inputs_count": 3}, given)
    assert result.rows == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    assert [item.paired_item for item in result.items] == [
        (Pair(0, "input1"),),
        (Pair(1, "input1"),),
        (Pair(0, "input2"),),
        (Pair(0, "input3"),),
    ]


async def test_an_input_whose_branch_was_not_taken_counts_as_empty() -> None:
    assert (await run_node("merge", {}, {"input2": [{"n": 1}], "input1": []})).rows == [{"n": 1}]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"use_input": 1}, [{"a": 1}]),
        ({"use_input": 2}, [{"b": 1}, {"b": 2}]),
        ({"branch_output": "empty"}, [{}]),
    ],
)
async def test_choose_branch(properties: Json, expected: list[Json]) -> None:
    given = [{"a": 1}], [{"b": 1}, {"b": 2}]
    assert await merge(*given, mode="choose_branch", **properties) == expected


async def test_a_branch_that_does_not_exist_is_refused() -> None:
    result = await run_node("merge", {"mode": "choose_branch", "use_input": 3}, {"input1": [{}]})
    assert result.error == "There is no input 3; this Merge has 2 inputs."


async def test_a_combined_item_knows_both_parents_and_keeps_their_files() -> None:
    left, right = Binary("aa", "text/plain", "a.txt", 1), Binary("bb", "text/plain", "b.txt", 1)
    first = [Item({"id": 1}), Item({"id": 2}, {"data": left, "mine": left})]
    given = {"input1": first, "input2": [Item({"id": 2}, {"data": right})]}
    [item] = (await run_node("merge", BY_ID, given)).items
    assert item.paired_item == (Pair(1, "input1"), Pair(0, "input2"))
    assert item.binary == {"data": right, "mine": left}


def test_blending_changes_nothing_that_was_given() -> None:
    under, over = Item({"a": {"b": [1]}}), Item({"a": {"b": [2, 3]}})
    assert Blend().of([(1, under), (2, over)]).json == {"a": {"b": [2, 3]}}
    assert (under.json, over.json) == ({"a": {"b": [1]}}, {"a": {"b": [2, 3]}})


@pytest.mark.parametrize(
    ("properties", "count"),
    [
        ({}, 2),
        ({"inputs_count": 4}, 4),
        ({"inputs_count": 99}, 10),
        ({"inputs_count": 0}, 2),
        ({"inputs_count": "={{ 3 }}"}, 2),
        ({"inputs_count": 4, "mode": "combine"}, 2),
        ({"inputs_count": 4, "mode": "combine", "combine_by": "all"}, 2),
        ({"inputs_count": 4, "mode": "combine", "combine_by": "position"}, 4),
        ({"inputs_count": 4, "mode": "choose_branch"}, 4),
    ],
)
def test_inputs_follow_the_parameters(properties: Json, count: int) -> None:
    assert [port.id for port in Merge.input_ports(properties)] == [f"input{i}" for i in range(1, count + 1)]
