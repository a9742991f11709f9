"""Finding workflows in texts, and saying what is wrong with texts that hold none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowstudio.nodes
from flowstudio.engine.registry import discover
from flowstudio.errors import FlowStudioError, InvalidRequest, InvalidWorkflow, TooLarge
from flowstudio.interop import TEXT_LIMIT, read_documents

REGISTRY = discover(flowstudio.nodes)
NATIVE: dict[str, Any] = {"name": "One", "nodes": [{"id": "1", "type": "no-op"}], "edges": []}
FOREIGN: dict[str, Any] = {
    "name": "Two",
    "nodes": [{"name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {}}],
    "connections": {},
}


def names(raw: Any) -> list[tuple[str, str]]:
    return [(found.document.name, found.format) for found in read_documents(json.dumps(raw), REGISTRY)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (NATIVE, [("One", "flowstudio")]),
        (FOREIGN, [("Two", "n8n")]),
        ([NATIVE, FOREIGN], [("One", "flowstudio"), ("Two", "n8n")]),
        ({"id": "x", "name": "shown", "document": NATIVE}, [("One", "flowstudio")]),
        ({"workflow": {"id": 7, "workflow": FOREIGN}}, [("Two", "n8n")]),
        ({"data": [FOREIGN, FOREIGN], "nextCursor": None}, [("Two", "n8n"), ("Two", "n8n")]),
        ({"nodes": [{"id": "1", "type": "no-op"}]}, [("My workflow", "flowstudio")]),
        ({"nodes": [{"name": "A", "parameters": {}, "type": "x.y"}]}, [("Imported workflow", "n8n")]),
    ],
    ids=["own", "n8n", "both", "own API", "n8n template", "n8n API", "bare", "n8n fragment"],
)
def test_workflows_are_found_wherever_programs_put_them(raw: Any, expected: list[tuple[str, str]]) -> None:
    assert names(raw) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the text is empty"),
        ("   \n", "the text is empty"),
        ("hello", "This is not a workflow"),
        ("<!doctype html><title>x</title>", "This is a web page"),
        ('{"nodes": [', "This text is not complete"),
        ("[]", "There is no workflow in this text"),
        ("{}", "There is no workflow in this text"),
        ("[" * 100_000, "nested too deeply"),
        ("[[[[[[[[{}]]]]]]]]", "There is no workflow in this text"),
    ],
)
def test_a_text_without_a_workflow_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        read_documents(text, REGISTRY)


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read_documents(b"\xef\xbb\xbf" + json.dumps(NATIVE).encode(), REGISTRY)[0].document.name == "One"


def test_a_text_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="8 MiB are the limit"):
        read_documents(b"x" * (TEXT_LIMIT + 1), REGISTRY)


def test_what_is_wrong_with_one_of_several_says_which() -> None:
    broken = {"name": "Broken", "nodes": [{"type": "no-op"}], "edges": []}
    with pytest.raises(InvalidWorkflow, match=r"Workflow 2 \('Broken'\): nodes\[0\]\.id"):
        read_documents(json.dumps([NATIVE, broken]), REGISTRY)


def test_too_many_at_once_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="at most 100"):
        read_documents(json.dumps([NATIVE] * 101), REGISTRY)


def test_names_of_prototypes_are_names_like_any_other() -> None:
    odd = {
        "name": "__proto__",
        "nodes": [
            {
                "name": name,
                "type": "n8n-nodes-base.set",
                "typeVersion": 3,
                "parameters": {"__proto__": {"x": 1}},
            }
            for name in ("__proto__", "constructor", "toString")
        ],
        "connections": {"__proto__": {"main": [[{"node": "constructor", "type": "main", "index": 0}]]}},
    }
    (found,) = read_documents(json.dumps(odd), REGISTRY)
    assert [node.data.label for node in found.document.nodes] == ["__proto__", "constructor", "toString"]
    assert [(edge.source, edge.target) for edge in found.document.edges] == [("n1", "n2")]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "nodes edges connections name type id parameters typeVersion position main node index conditions rules "
                "values assignments options workflow document data settings pinData credentials tags".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)
nodes = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                "if switch merge set code httpRequest webhook wait splitInBatches stickyNote".split()
            )
        },
        optional={
            "name": anything,
            "id": anything,
            "typeVersion": anything,
            "parameters": anything,
            "position": anything,
        },
    ).map(lambda node: node | {"type": f"n8n-nodes-base.{node['type']}"}),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        anything, st.fixed_dictionaries({"nodes": nodes, "connections": anything, "settings": anything})
    )
)
def test_nothing_that_is_json_breaks_the_reader(raw: Any) -> None:
    """It gives documents or an error that was raised on purpose, never anything else."""
    try:
        read_documents(json.dumps(raw, allow_nan=False), REGISTRY)
    except FlowStudioError:
        pass
    except ValueError:
        assert "NaN" in json.dumps(raw) or "Infinity" in json.dumps(raw)
