from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.engine import expression
from flowstudio.sandbox import template as sandboxed
from flowstudio.sandbox.template import parts, pieces


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain text", ("plain text",)),
        ("", ("",)),
        ("{{ $json.a }}", (["$json.a"],)),
        ("Hello {{ $json.a }}!", ("Hello ", ["$json.a"], "!")),
        ("{{ 1 }}{{ 2 }}", (["1"], ["2"])),
        (" {{ 1 }}", (" ", ["1"])),
        ("{{ '}}' }}", (["'}}'"],)),
        ('{{ "a}}b" + 1 }} c', (['"a}}b" + 1'], " c")),
        ("{{ `}} ${ {a: {b: '}}'}}.a.b } }}` }}", (["`}} ${ {a: {b: '}}'}}.a.b } }}`"],)),
        ("{{ {a: {b: 1}} }}", (["{a: {b: 1}}"],)),
        ("{{ {a: {b: 1}}}}", (["{a: {b: 1}}"],)),
        ("{{ /}}/.test('x') }}", (["/}}/.test('x')"],)),
        ("{{ /[/}]}}/.test('x') }}", (["/[/}]}}/.test('x')"],)),
        ("{{ 6 / 2 / 1 }}", (["6 / 2 / 1"],)),
        ("{{ 1 /* }} */ + 1 }}", (["1 /* }} */ + 1"],)),
        ("{{ (() => { return {a: 1}; })().a }}", (["(() => { return {a: 1}; })().a"],)),
        ("{{ $json.a; }}", (["$json.a"],)),
        ("{{ }}", (["undefined"],)),
        ("{{ // nothing\n }}", (["undefined"],)),
        (r"a \{{ b }}", ("a {{ b }}",)),
        ("a { b } c", ("a { b } c",)),
        ("{{ it's }} x", (["it's"], " x")),
    ],
)
def test_a_template_is_split_into_texts_and_expressions(template: str, expected: tuple[object, ...]) -> None:
    assert pieces(template) == expected


def test_an_unclosed_expression_becomes_an_error_of_its_own() -> None:
    text, code = pieces("a {{ $json.b")
    assert text == "a "
    assert "never closed" in code[0]


@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{", "}", "'", '"', "`", "${", "/", "\\", "a", " ", "\n", ".first(", ")"]
        )
    )
)
def test_no_text_breaks_the_splitter(fragments: list[str]) -> None:
    template = "".join(fragments)
    found = list(parts(template))
    assert [part.start for part in found] == sorted(part.start for part in found)
    assert pieces(template)


@given(st.text())
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    if "{{" not in text:
        assert pieces(text) == (text,)


def test_engine_and_cage_mark_templates_of_json_alike() -> None:
    assert expression.JSON_TEXT == sandboxed.JSON_TEXT
    (whole,) = pieces(f"{sandboxed.JSON_TEXT}{{{{ $json }}}}")
    assert whole == ["$json"], "a value by itself stays what it is"
    before, within, after = pieces(f'{sandboxed.JSON_TEXT}{{"a": {{{{ $json.a }}}}}}')
    assert (before, after) == ('{"a": ', "}")
    assert "JSON.stringify" in within[0]
