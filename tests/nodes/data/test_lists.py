"""Sort, Limit, Aggregate, Split Out, Remove Duplicates, Summarize and Rename Keys, beyond their examples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine.item import Binary, Item, Pair
from flowstudio.errors import InvalidWorkflow
from flowstudio.nodes.data.remove_duplicates import frozen
from flowstudio.nodes.values import same
from tests.nodes.driver import run_node

FILE = Binary("aa", "text/plain", "a.txt", 1)


async def test_numbers_are_sorted_by_size_and_texts_without_regard_to_capitals() -> None:
    rows: list[Any] = [{"v": 10}, {"v": 9}, {"v": 1.5}]
    assert (await run_node("sort", {"fields": [{"name": "v"}]}, rows)).rows == [
        {"v": 1.5},
        {"v": 9},
        {"v": 10},
    ]
    names = [{"v": "b"}, {"v": "A"}, {"v": "C"}]
    result = await run_node("sort", {"fields": [{"name": "v"}]}, names)
    assert [row["v"] for row in result.rows] == ["A", "b", "C"]


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_items_without_the_field_come_last_whatever_the_order(order: str) -> None:
    rows: list[Any] = [{"v": None}, {"v": 2}, {}, {"v": 1}]
    result = await run_node("sort", {"fields": [{"name": "v", "order": order}]}, rows)
    assert result.rows[2:] == [{"v": None}, {}]


async def test_equal_items_stay_as_they_were_and_keep_their_origin() -> None:
    rows = [{"k": 1, "n": n} for n in range(5)]
    result = await run_node("sort", {"fields": [{"name": "k", "order": "descending"}]}, rows)
    assert result.rows == rows
    mixed = await run_node("sort", {"fields": [{"name": "n", "order": "descending"}]}, rows)
    assert [item.paired_item for item in mixed.items] == [(Pair(n),) for n in (4, 3, 2, 1, 0)]


async def test_a_field_that_no_item_has_is_named() -> None:
    result = await run_node("sort", {"fields": [{"name": "prise"}]}, [{"price": 1}])
    assert "'prise'" in result.error
    assert "no field" in (await run_node("sort", {}, [{"a": 1}])).error


async def test_a_shuffle_loses_nothing_and_is_the_same_when_it_is_repeated() -> None:
    rows = [{"n": n} for n in range(40)]
    first = (await run_node("sort", {"mode": "random"}, rows)).rows
    assert sorted(row["n"] for row in first) == list(range(40))
    assert first != rows
    assert (await run_node("sort", {"mode": "random"}, rows)).rows == first


async def test_a_dot_is_only_a_path_if_wanted() -> None:
    rows: list[Any] = [{"a": {"b": 2}, "a.b": 1}, {"a": {"b": 1}, "a.b": 2}]
    plain = await run_node("sort", {"fields": [{"name": "a.b"}], "dot_notation": False}, rows)
    assert plain.rows == rows
    nested = await run_node("sort", {"fields": [{"name": "a.b"}]}, [{"a": {"b": 2}}, {"a": {"b": 1}}])
    assert nested.rows == [{"a": {"b": 1}}, {"a": {"b": 2}}]


@pytest.mark.parametrize(("keep", "expected"), [("first", [0, 1, 2]), ("last", [2, 3, 4])])
async def test_a_limit_cuts_at_the_chosen_end(keep: str, expected: list[int]) -> None:
    rows = [{"n": n} for n in range(5)]
    result = await run_node("limit", {"max_items": 3, "keep": keep}, rows)
    assert [row["n"] for row in result.rows] == expected


async def test_a_limit_above_the_number_of_items_and_of_none() -> None:
    rows = [{"n": 1}, {"n": 2}]
    assert (await run_node("limit", {"max_items": 9, "keep": "last"}, rows)).rows == rows
    assert (await run_node("limit", {"max_items": 0, "keep": "last"}, rows)).rows == []
    with pytest.raises(InvalidWorkflow):
        await run_node("limit", {"max_items": -1}, rows)


async def test_lists_are_split_side_by_side_and_the_shorter_one_ends_early() -> None:
    row: Any = {"a": [1, 2, 3], "b": ["x"]}
    result = await run_node("split-out", {"field": "a, b"}, [row])
    assert result.rows == [{"a": 1, "b": "x"}, {"a": 2}, {"a": 3}]


async def test_other_fields_go_along_but_the_entry_wins() -> None:
    row: Any = {"id": 1, "lines": [{"id": 9}, {"sku": "B"}], "name": "Ada"}
    result = await run_node("split-out", {"field": "lines", "include": "all"}, [row])
    assert result.rows == [{"id": 9, "name": "Ada"}, {"sku": "B", "id": 1, "name": "Ada"}]


async def test_what_is_no_list_is_one_entry_and_nothing_gives_nothing() -> None:
    rows: list[Any] = [{"v": "x"}, {"v": []}, {}, {"v": None}, {"v": {"a": 1, "b": 2}}]
    result = await run_node("split-out", {"field": "v", "destination": "out"}, rows)
    assert result.rows == [{"out": "x"}, {"out": None}, {"out": 1}, {"out": 2}]
    assert [item.paired_item for item in result.items] == [(Pair(0),), (Pair(3),), (Pair(4),), (Pair(4),)]


async def test_each_list_needs_a_name_of_its_own() -> None:
    result = await run_node("split-out", {"field": "a,b", "destination": "only"}, [{"a": [1], "b": [2]}])
    assert "Give one name for each" in result.error


async def test_gathered_values_keep_or_drop_what_is_missing() -> None:
    rows: list[Any] = [{"v": 1}, {}, {"v": None}, {"v": [2, 3]}]
    plain = {"fields": [{"name": "v"}]}
    assert (await run_node("aggregate", plain, rows)).rows == [{"v": [1, [2, 3]]}]
    assert (await run_node("aggregate", plain | {"keep_missing": True}, rows)).rows == [
        {"v": [1, None, None, [2, 3]]}
    ]
    assert (await run_node("aggregate", plain | {"merge_lists": True}, rows)).rows == [{"v": [1, 2, 3]}]


async def test_whole_items_are_gathered_with_the_fields_that_are_wanted() -> None:
    rows: list[Any] = [{"a": 1, "b": {"c": 2, "d": 3}}]
    only = {"mode": "items", "include": "selected", "include_fields": ["b.c"]}
    assert (await run_node("aggregate", only, rows)).rows == [{"data": [{"b": {"c": 2}}]}]
    but = {"mode": "items", "include": "except", "include_fields": ["b.d"]}
    assert (await run_node("aggregate", but, rows)).rows == [{"data": [{"a": 1, "b": {"c": 2}}]}]


async def test_an_aggregate_knows_all_its_ancestors_and_keeps_files_if_wanted() -> None:
    given: list[Any] = [Item({"v": 1}, {"data": FILE}), Item({"v": 2}, {"data": FILE})]
    [item] = (await run_node("aggregate", {"mode": "items", "include_binary": True}, given)).items
    assert item.paired_item == (Pair(0), Pair(1))
    assert set(item.binary or {}) == {"data", "data_1"}


async def test_two_lists_of_one_name_are_refused() -> None:
    result = await run_node("aggregate", {"fields": [{"name": "a.v"}, {"name": "b.v"}]}, [{"a": {"v": 1}}])
    assert "Two lists would be called 'v'" in result.error


async def test_true_is_not_one_and_the_order_of_keys_does_not_matter() -> None:
    rows: list[Any] = [{"v": 1}, {"v": True}, {"v": 1.0}, {"v": {"a": 1, "b": 2}}, {"v": {"b": 2, "a": 1}}]
    result = await run_node("remove-duplicates", {}, rows)
    assert result.ports == {"kept": [rows[0], rows[1], rows[3]], "discarded": [rows[2], rows[4]]}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, 0.5])
    | st.sampled_from(["", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(JSON, JSON)
def test_values_are_duplicates_exactly_when_they_are_the_same(left: Any, right: Any) -> None:
    assert (frozen(left) == frozen(right)) == same(left, right)


async def test_duplicates_may_leave_with_the_compared_fields_only() -> None:
    rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    result = await run_node(
        "remove-duplicates", {"compare": "except", "fields": ["b"], "remove_other_fields": True}, rows
    )
    assert result.ports == {"kept": [{"a": 1}], "discarded": [rows[1]]}


async def figure(aggregation: str, rows: list[Any], **more: Any) -> Any:
    result = await run_node(
        "summarize", {"fields": [{"name": "v", "aggregation": aggregation, **more}]}, rows
    )
    [(_, value)] = result.rows[0].items()
    return value


async def test_every_figure() -> None:
    rows: list[Any] = [{"v": 3}, {"v": 1}, {"v": None}, {"v": "1"}, {}, {"v": ""}]
    assert await figure("sum", rows) == 5
    assert await figure("average", rows) == pytest.approx(5 / 3)
    assert await figure("count", rows) == 3
    assert await figure("count", rows, include_empty=True) == 6
    assert await figure("count_unique", rows) == 3
    assert await figure("append", rows) == [3, 1, "1"]
    assert await figure("concatenate", rows, separator=" | ") == "3 | 1 | 1"
    assert await figure("max", [{"v": 9}, {"v": 10}]) == 10
    assert await figure("min", [{"v": "2024-10-01"}, {"v": "2024-02-01"}]) == "2024-02-01"


async def test_decimal_sums_are_what_a_person_expects() -> None:
    assert await figure("sum", [{"v": 0.1}, {"v": 0.2}]) == 0.3
    assert await figure("sum", [{"v": 1111.1}] * 482) == 535550.2
    assert await figure("average", [{"v": 0.1}] * 3) == pytest.approx(0.1)


async def test_sums_may_be_of_true_numbers_only_and_as_programs_add_them() -> None:
    fields: Any = [{"name": "v", "aggregation": "sum"}, {"name": "v", "aggregation": "average"}]
    result = await run_node(
        "summarize", {"fields": fields, "strict_numbers": True}, [{"v": 0.1}, {"v": "9"}, {"v": 0.2}]
    )
    assert result.rows == [{"sum_v": 0.30000000000000004, "average_v": 0.15000000000000002}]


async def test_a_text_cannot_be_added_up() -> None:
    result = await run_node("summarize", {"fields": [{"name": "v", "aggregation": "sum"}]}, [{"v": "many"}])
    assert "'many', which is not a number" in result.error


async def test_groups_may_be_nested_in_one_item() -> None:
    rows: list[Any] = [{"c": "DE", "k": 1, "v": 2}, {"c": "DE", "k": 2, "v": 3}, {"c": "FR", "k": 1, "v": 4}]
    properties = {
        "fields": [{"name": "v", "aggregation": "sum"}],
        "split_by": ["c", "k"],
        "output": "single",
    }
    result = await run_node("summarize", properties, rows)
    assert result.rows == [{"DE": {"1": {"sum_v": 2}, "2": {"sum_v": 3}}, "FR": {"1": {"sum_v": 4}}}]
    assert result.items[0].paired_item == (Pair(0), Pair(1), Pair(2))


async def test_items_without_a_group_may_be_left_out_and_a_missing_field_is_named() -> None:
    rows: list[Any] = [{"c": "DE", "v": 2}, {"v": 3}]
    properties: Any = {"fields": [{"name": "v", "aggregation": "sum"}], "split_by": "c"}
    assert (await run_node("summarize", properties, rows)).rows == [
        {"c": "DE", "sum_v": 2},
        {"sum_v": 3},
    ]
    skipped = await run_node("summarize", properties | {"skip_empty_groups": True}, rows)
    assert skipped.rows == [{"c": "DE", "sum_v": 2}]
    missing: Any = {"fields": [{"name": "x"}]}
    assert "No item has a field 'x'" in (await run_node("summarize", missing, rows)).error
    assert (await run_node("summarize", missing | {"continue_if_not_found": True}, rows)).rows == [
        {"count_x": 0}
    ]


async def test_a_renamed_field_keeps_its_place_and_replaces_what_had_the_name() -> None:
    keys = {"keys": [{"current_name": "b", "new_name": "a"}]}
    [row] = (await run_node("rename-keys", keys, [{"x": 0, "a": 1, "b": 2, "c": 3}])).rows
    assert list(row.items()) == [("x", 0), ("a", 2), ("c", 3)]


async def test_renaming_needs_both_names() -> None:
    with pytest.raises(InvalidWorkflow):
        await run_node("rename-keys", {"keys": [{"current_name": "", "new_name": "a"}]}, [{}])
