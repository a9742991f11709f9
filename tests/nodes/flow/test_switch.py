from __future__ import annotations

from typing import Any

import pytest

from flowstudio.engine.item import Json
from flowstudio.nodes.flow.switch import Switch
from tests.nodes.driver import run_node


def rule(right: Any, label: str = "", test: str = "equals", **more: Any) -> Json:
    return {"label": label, "conditions": [{"left": "={{ $json.x }}", "test": test, "right": right}], **more}


ROWS = [{"x": 1}, {"x": 2}, {"x": 3}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"0": [{"x": 1}], "1": [{"x": 2}]}),
        ({"fallback": "extra"}, {"0": [{"x": 1}], "1": [{"x": 2}], "fallback": [{"x": 3}]}),
        ({"fallback": "output", "fallback_output": 1}, {"0": [{"x": 1}], "1": [{"x": 2}, {"x": 3}]}),
    ],
)
async def test_rules(options: Json, expected: dict[str, list[Json]]) -> None:
    result = await run_node("switch", {"rules": [rule(1), rule(2)], **options}, ROWS)
    assert result.ports == expected


async def test_the_first_rule_wins_unless_all_are_asked_for() -> None:
    rules = [rule(0, test="greater"), rule(1, test="greater"), rule(5, test="greater")]
    first = await run_node("switch", {"rules": rules}, [{"x": 2}])
    assert first.ports == {"0": [{"x": 2}]}
    every = await run_node(
        "switch", {"rules": rules, "send_to_all": True, "fallback": "extra"}, [{"x": 2}, {"x": 0}]
    )
    assert every.ports == {"0": [{"x": 2}], "1": [{"x": 2}], "fallback": [{"x": 0}]}


async def test_a_rule_may_need_any_of_its_conditions() -> None:
    conditions = [{"left": "={{ $json.x }}", "test": "equals", "right": n} for n in (1, 3)]
    rules = [{"conditions": conditions, "require": "any"}, {"conditions": conditions}]
    result = await run_node("switch", {"rules": rules, "fallback": "extra"}, ROWS)
    assert result.ports == {"0": [{"x": 1}, {"x": 3}], "fallback": [{"x": 2}]}


async def test_case_and_types_are_options_of_the_node() -> None:
    rules = [{"conditions": [{"left": "={{ $json.x }}", "type": "string", "test": "equals", "right": "a5"}]}]
    assert (await run_node("switch", {"rules": rules, "ignore_case": True}, [{"x": "A5"}])).ports == {
        "0": [{"x": "A5"}]
    }
    strict = await run_node("switch", {"rules": rules}, [{"x": 5}])
    assert "wrong type: 5 is a number" in strict.error
    assert (await run_node("switch", {"rules": rules, "strict": False}, [{"x": 5}])).ports == {}


async def test_an_error_names_the_rule() -> None:
    condition = {"left": "={{ $json.x }}", "type": "number", "test": "greater", "right": 1}
    named = await run_node("switch", {"rules": [{"label": "Large", "conditions": [condition]}]}, [{"x": "a"}])
    assert named.error.startswith("Rule 'Large': Condition 1 ('a' is greater than 1): wrong type")
    assert named.outcome.error is not None
    assert named.outcome.error.item == 0


async def test_a_fallback_without_such_an_output_is_refused() -> None:
    properties = {"rules": [rule(1)], "fallback": "output", "fallback_output": 1}
    result = await run_node("switch", properties, [{"x": 9}])
    assert result.error == "There is no output 1 for items that meet no rule; the outputs are 0 to 0."


async def test_an_expression_names_the_output() -> None:
    properties = {"mode": "expression", "outputs_count": 3, "output": "={{ $json.x }}"}
    result = await run_node("switch", properties, [{"x": 2}, {"x": "0"}, {"x": 2.0}])
    assert result.ports == {"2": [{"x": 2}, {"x": 2.0}], "0": [{"x": "0"}]}


@pytest.mark.parametrize("number", [-1, 3, 10])
async def test_an_output_that_does_not_exist_is_refused(number: int) -> None:
    properties = {"mode": "expression", "outputs_count": 3, "output": "={{ $json.x }}"}
    result = await run_node("switch", properties, [{"x": number}])
    assert result.error.startswith(f"There is no output {number}; the outputs are 0 to 2.")


async def test_an_output_that_is_no_number_is_refused() -> None:
    result = await run_node("switch", {"mode": "expression", "output": "={{ $json.x }}"}, [{"x": "two"}])
    assert result.error == "Output must be a whole number, but is 'two'."


@pytest.mark.parametrize(
    ("properties", "ports"),
    [
        ({}, []),
        ({"rules": [rule(1, "One"), rule(2)]}, [("0", "One"), ("1", "1")]),
        ({"rules": [rule(1)], "fallback": "extra"}, [("0", "0"), ("fallback", "Fallback")]),
        ({"rules": [], "fallback": "extra", "fallback_label": "Rest"}, [("fallback", "Rest")]),
        ({"rules": [rule(1)], "fallback": "output"}, [("0", "0")]),
        ({"mode": "expression"}, [("0", "0"), ("1", "1"), ("2", "2"), ("3", "3")]),
        ({"mode": "expression", "outputs_count": 2, "fallback": "extra"}, [("0", "0"), ("1", "1")]),
        ({"mode": "expression", "outputs_count": "={{ 2 }}"}, [("0", "0")]),
        ({"rules": ["odd", None, {"label": 7}]}, [("0", "0"), ("1", "1"), ("2", "2")]),
    ],
)
def test_outputs_follow_the_parameters(properties: Json, ports: list[tuple[str, str]]) -> None:
    assert [(port.id, port.label) for port in Switch.output_ports(properties)] == ports
