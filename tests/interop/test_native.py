"""The own file: stable, complete, free of secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flowstudio.nodes
from flowstudio.engine.registry import discover
from flowstudio.engine.workflow import load_workflow
from flowstudio.interop import export_document, file_name, read_documents

REGISTRY = discover(flowstudio.nodes)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | texts
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
tables = st.dictionaries(texts, values, max_size=4)
coordinates = st.floats(-1e6, 1e6) | st.integers(-1000, 1000).map(float)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Any document that can be stored."""
    ids = draw(st.lists(names, max_size=5, unique=True))
    nodes = [
        {
            "id": id_,
            "type": draw(names),
            "position": {"x": draw(coordinates), "y": draw(coordinates)},
            "data": {
                "label": draw(st.none() | texts),
                "properties": draw(tables),
                "disabled": draw(st.booleans()),
                "notes": draw(texts),
                "settings": draw(
                    st.sampled_from([{}, {"retry": True, "retry_wait": 2.0}, {"on_error": "continue"}])
                ),
                "credentials": draw(st.dictionaries(names, names, max_size=2)),
                "pinned": draw(st.none() | st.lists(tables, max_size=2)),
            },
        }
        for id_ in ids
    ]
    ends = st.sampled_from(ids) if ids else names
    edges = [
        {
            "id": draw(st.none() | names),
            "source": draw(ends),
            "target": draw(ends),
            "sourceHandle": draw(st.none() | texts),
            "targetHandle": draw(st.none() | texts),
        }
        for _ in range(draw(st.integers(0, 4)))
    ]
    return {
        "name": draw(texts),
        "description": draw(texts),
        "nodes": nodes,
        "edges": edges,
        "settings": draw(st.sampled_from([{}, {"timeout": 5.0, "timezone": "Europe/Berlin"}])),
        "tags": draw(st.lists(texts, max_size=3)),
        "template": draw(st.none() | texts),
    }


@settings(max_examples=80, deadline=None)
@given(documents())
def test_what_is_exported_is_read_back_as_it_was(raw: dict[str, Any]) -> None:
    document = load_workflow(raw)
    file = export_document(document)
    (found,) = read_documents(file, REGISTRY)
    assert found.document == document
    assert found.format == "flowstudio"
    assert export_document(found.document) == file


@settings(max_examples=30, deadline=None)
@given(documents())
def test_the_order_of_keys_makes_no_difference(raw: dict[str, Any]) -> None:
    def turned(table: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(table.items()))

    other = turned(raw)
    other["nodes"] = [
        turned(node) | {"data": turned(node["data"]) | {"properties": turned(node["data"]["properties"])}}
        for node in raw["nodes"]
    ]
    assert export_document(load_workflow(other)) == export_document(load_workflow(raw))


def test_the_file_reads_well() -> None:
    document = load_workflow(
        {
            "name": "Greeting",
            "nodes": [
                {"id": "b", "type": "manual-trigger", "position": {"x": 0, "y": 16}},
                {
                    "id": "a",
                    "type": "http-request",
                    "data": {"properties": {"url": "https://ü.example", "method": "GET"}},
                },
            ],
            "edges": [{"source": "b", "target": "a"}],
        }
    )
    assert (
        export_document(document)
        == """{
  "schema_version": 1,
  "name": "Greeting",
  "nodes": [
    {
      "id": "b",
      "type": "manual-trigger",
      "position": {
        "x": 0,
        "y": 16
      },
      "data": {
        "properties": {}
      }
    },
    {
      "id": "a",
      "type": "http-request",
      "position": {
        "x": 0,
        "y": 0
      },
      "data": {
        "properties": {
          "method": "GET",
          "url": "https://ü.example"
        }
      }
    }
  ],
  "edges": [
    {
      "source": "b",
      "target": "a"
    }
  ]
}
"""
    )


def test_a_file_says_what_its_credentials_are_called_and_nothing_of_others() -> None:
    document = load_workflow(
        {
            "nodes": [{"id": "a", "type": "http-request", "data": {"credentials": {"account": "c1"}}}],
            "edges": [],
        }
    )
    about = {
        "c1": {"name": "GitHub", "type": "http-bearer", "id": "c1", "token": "secret"},
        "c2": {"name": "Other", "type": "http-basic"},
    }
    written = json.loads(export_document(document, about))
    assert written["credentials"] == {"c1": {"name": "GitHub", "type": "http-bearer"}}
    (found,) = read_documents(json.dumps(written), REGISTRY)
    assert found.document == document
    assert found.credentials == {"c1": {"name": "GitHub", "type": "http-bearer"}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order triage", "order-triage.json"),
        ("  Bücher & Zeitungen  ", "bucher-zeitungen.json"),
        ("../../etc/passwd", "etc-passwd.json"),
        ("订单", "workflow.json"),
        ("x" * 300, f"{'x' * 80}.json"),
    ],
)
def test_a_file_name_is_safe_everywhere(name: str, expected: str) -> None:
    assert file_name(name) == expected
