from __future__ import annotations

from collections.abc import Sequence

import pytest

from flowstudio.engine.item import Item, Pair
from flowstudio.errors import InvalidWorkflow, NodeError
from tests.nodes.driver import Echoes, make_host, run_node

ROWS = [{"n": 1}, {"n": 2}]


class Doubles(Echoes):
    """Gives every item twice."""

    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        return [Item({**item.json, "copy": i}) for item in items for i in (1, 2)]


class Fails(Echoes):
    async def call(
        self, workflow: str, items: Sequence[Item], *, parent: str, key: str, wait: bool
    ) -> Sequence[Item]:
        raise NodeError(f"The workflow '{workflow}' failed: no paper.")


async def test_all_items_go_in_one_call() -> None:
    echoes = Echoes()
    result = await run_node("execute-workflow", {"workflow": "w1"}, ROWS, host=make_host(workflows=echoes))
    assert result.rows == ROWS
    assert echoes.calls == [("w1", ROWS, "execution/it", True)]


async def test_each_item_has_a_call_and_a_key_of_its_own() -> None:
    echoes = Echoes()
    properties = {"workflow": "w1", "mode": "each"}
    result = await run_node("execute-workflow", properties, ROWS, host=make_host(workflows=echoes))
    assert result.rows == ROWS
    assert echoes.calls == [
        ("w1", [{"n": 1}], "execution/it/0", True),
        ("w1", [{"n": 2}], "execution/it/1", True),
    ]
    assert [item.paired_item for item in result.items] == [(Pair(0),), (Pair(1),)]


@pytest.mark.parametrize("mode", ["once", "each"])
async def test_without_waiting_the_items_go_on(mode: str) -> None:
    echoes = Echoes()
    properties = {"workflow": "w1", "mode": mode, "wait": False}
    result = await run_node("execute-workflow", properties, ROWS, host=make_host(workflows=echoes))
    assert result.rows == ROWS
    assert [call[3] for call in echoes.calls] == [False] * (1 if mode == "once" else 2)


async def test_what_one_item_became_is_paired_with_it() -> None:
    properties = {"workflow": "w1", "mode": "each"}
    result = await run_node("execute-workflow", properties, ROWS, host=make_host(workflows=Doubles()))
    assert [(item.json["n"], item.paired_item) for item in result.items] == [
        (1, (Pair(0),)),
        (1, (Pair(0),)),
        (2, (Pair(1),)),
        (2, (Pair(1),)),
    ]


async def test_a_failure_of_the_workflow_is_a_failure_of_the_node() -> None:
    result = await run_node("execute-workflow", {"workflow": "w1"}, ROWS, host=make_host(workflows=Fails()))
    assert result.error == "The workflow 'w1' failed: no paper."


async def test_the_workflow_must_be_chosen() -> None:
    for properties in ({}, {"workflow": ""}):
        with pytest.raises(InvalidWorkflow, match=r"Workflow (is required|must not be empty)"):
            await run_node("execute-workflow", properties, ROWS)
