"""Templates that are resolved without JavaScript must give what JavaScript gives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowstudio.engine.expression import UNSURE, failed_cell, number_to_text, parse, to_text, utf16_length
from flowstudio.engine.item import Json
from flowstudio.sandbox import ExpressionBatch, Sandbox


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ $json.a }}", 1),
        ("{{$json.a}}", 1),
        ("{{ $json }}", {"a": 1, "b c": {"d": [10, {"x": "y"}]}, "t": "a𝄞", "n": None, "f": 2.5}),
        ('{{ $json["b c"].d[0] }}', 10),
        ("{{ $json['b c']['d'][1].x }}", "y"),
        ("{{ $json .  a }}", 1),
        ("{{ $json.missing }}", None),
        ("{{ $json.t.length }}", 3),
        ('{{ $json["b c"].d.length }}', 2),
        ('{{ $json["b c"].d[7] }}', None),
        ("{{ $itemIndex }}", 4),
        ("no expression", "no expression"),
        ("", ""),
        (" {{ $json.a }}", " 1"),
        ("{{ $json.a }}{{ $json.f }}", "12.5"),
        ("a {{ $json.n }}{{ $json.missing }} b", "a  b"),
        ("{{ $json['b c'] }}!", "[object Object]!"),
        ("{{ $json['b c'].d }}!", "10,[object Object]!"),
        ("} {{ $json.a }} }}", "} 1 }}"),
    ],
)
def test_a_plain_template_is_resolved_at_once(template: str, value: Any) -> None:
    json = {"a": 1, "b c": {"d": [10, {"x": "y"}]}, "t": "a𝄞", "n": None, "f": 2.5}
    assert parse(template).resolve(json, 4) == value


@pytest.mark.parametrize(
    "template",
    [
        "{{ $json.a + 1 }}",
        "{{ $json.missing.deeper }}",
        "{{ $json.n.length }}",
        "{{ $json.constructor }}",
        "{{ $json['__proto__'] }}",
        "{{ $json.s.trim }}",
        "{{ $json.s[0].x }}",
        "{{ $json.list.map }}",
        "{{ $json.a?.b }}",
        "{{ $json[$itemIndex] }}",
        "{{ $jsonx }}",
        "{{ $json.a",
        "{{ $json['a\\'b'] }}",
        "{{ $json[01] }}",
        "{{ // $json.a\n }}",
        "\\{{ $json.a }}",
        "{{ $now }}",
        "{{ '}}' }}",
        "{{ $json['}}'] }}",
    ],
)
def test_whatever_is_not_certain_goes_to_javascript(template: str) -> None:
    assert parse(template).resolve({"a": 1, "n": None, "s": "x", "list": []}, 0) is UNSURE


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (1e21, "1e+21"),
        (1.5e21, "1.5e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (0.1, "0.1"),
        (100.0, "100"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2**53 + 1, "9007199254740993"),
        (10**400, "Infinity"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(number: float, text: str) -> None:
    assert number_to_text(number) == text


def test_an_object_with_a_way_of_its_own_to_be_written_is_left_to_javascript() -> None:
    assert to_text({"toString": 1}) is UNSURE
    assert to_text([[1, None], True]) == "1,,true"


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("é", 1), ("𝄞", 2), ("\ud834", 1)])
def test_texts_are_as_long_as_in_javascript(text: str, length: int) -> None:
    assert utf16_length(text) == length


@pytest.mark.parametrize(
    ("template", "nodes", "any_node"),
    [
        ("{{ $('A').item.json.x }}", {"A"}, False),
        ('{{ $("A b").first() }} {{ $(`C`).all() }}', {"A b", "C"}, False),
        ("{{ $('it\\'s').item }}", {"it's"}, False),
        ("{{ $node['A'].json }} {{ $node.B.json }}", {"A", "B"}, False),
        ("{{ $items('A')[0] }}", {"A"}, False),
        ("{{ $items() }}", set(), False),
        ("{{ $(name).item }}", set(), True),
        ("{{ $(`A${1}`).item }}", set(), True),
        ("{{ $node[$json.a] }}", set(), True),
        ("{{ Object.keys($node) }}", set(), True),
        ("{{ $items(x) }} {{ $('A').item }}", {"A"}, True),
        ("{{ $now + other$('A') }}", set(), False),
    ],
)
def test_the_nodes_that_a_template_names_are_found(template: str, nodes: set[str], any_node: bool) -> None:
    parsed = parse(template)
    assert (set(parsed.nodes), parsed.any_node) == (nodes, any_node)


def test_a_failed_cell_is_told_from_every_json_value() -> None:
    values: list[Any] = ["", 0, 1.5, True, None, [], {}]
    assert not any(failed_cell(value) for value in values)
    assert failed_cell(object())


# Against the real thing


class Realm:
    """The sandbox, used from tests that are not coroutines."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._sandbox = Sandbox()
        self.report = self._runner.run(self._sandbox.start())

    def evaluate(self, templates: list[str], json: Json) -> list[Any]:
        """The values of templates for one item."""
        batch = ExpressionBatch(templates, [json])
        return self._runner.run(self._sandbox.javascript.evaluate(batch, owner="tests", timeout=10.0))[0]

    def close(self) -> None:
        """End it."""
        self._runner.run(self._sandbox.stop())
        self._runner.close()


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    made = Realm()
    if made.report.javascript.tier != "jail":
        pytest.skip("no jail here")
    yield made
    made.close()


keys = st.one_of(
    st.sampled_from(
        ["a", "b", "length", "constructor", "toString", "0", "a b", "toJSON", "valueOf", "isEmpty"]
    ),
    st.text("abü\u2028\"'\\{}$", max_size=3),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.integers(-4000, 4000).map(lambda eighths: eighths / 8),
    st.text(max_size=5).filter(
        lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text
    ),
    st.sampled_from(["𝄞x", "1", "\n", "{{", "é"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
steps = st.one_of(
    keys.filter(lambda key: "\\" not in key and "\n" not in key).map(
        lambda key: f"['{key}']" if "'" not in key else f'["{key}"]'
    ),
    st.sampled_from(
        [".a", ".b", ".length", " . a", "[0]", "[1]", "[ 2 ]", ".constructor", ".toString", ".isEmpty"]
    ),
)
paths = st.lists(steps, max_size=4).map(lambda found: "{{ $json" + "".join(found) + " }}")
texts = st.sampled_from(["", "", " ", "x", "}", "}}", "\n", '"', "é𝄞", "{", "$json", "\\"])
templates = st.lists(st.tuples(texts, paths | st.just("{{ $itemIndex }}")), min_size=1, max_size=3).flatmap(
    lambda parts: texts.map(lambda end: "".join(text + path for text, path in parts) + end)
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(keys, values, max_size=4), st.lists(templates, min_size=1, max_size=6))
def test_plain_templates_give_what_javascript_gives(realm: Realm, json: Json, given: list[str]) -> None:
    for template, theirs in zip(given, realm.evaluate(given, json), strict=True):
        ours = parse(template).resolve(json, 0)
        assert ours is UNSURE or (ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)), (
            template
        )


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_number_is_written_as_javascript_writes_it(realm: Realm, numbers: list[float]) -> None:
    json = {"n": numbers}
    given = [f"{{{{ $json.n[{i}] }}}}!" for i in range(len(numbers))]
    for number, theirs in zip(numbers, realm.evaluate(given, json), strict=True):
        ours = f"{number_to_text(number)}!"
        # QuickJS writes a digit more than ECMA-262 allows for some powers of two; both read back as the same number.
        assert ours == theirs or (
            float(theirs[:-1]) == number == float(ours[:-1]) and len(ours) < len(theirs)
        )
