"""A whole FlowStudio without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flowstudio.config import load_settings
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.workflows import Workflow

Document = dict[str, Any]


def node(id_: str, type_: str, *, settings: Document | None = None, **properties: Any) -> Document:
    """A node whose label is its id."""
    return {
        "id": id_,
        "type": type_,
        "data": {"label": id_, "properties": properties, "settings": settings or {}},
    }


def chain(*nodes: Document, name: str = "Chain", settings: Document | None = None) -> Document:
    """Nodes one after the other."""
    return {
        "name": name,
        "nodes": list(nodes),
        "edges": [{"source": a["id"], "target": b["id"]} for a, b in pairwise(nodes)],
        "settings": settings or {},
    }


def edit(id_: str, **fields: str) -> Document:
    """An Edit Fields node that adds text fields."""
    rows = [{"name": name, "type": "string", "value": value} for name, value in fields.items()]
    return node(id_, "edit-fields", fields=rows, include_other_fields=True)


async def start_runtime(folder: Path, **settings: Any) -> Runtime:
    """A started runtime on a data folder."""
    runtime = Runtime(load_settings(data_dir=folder, port=1, **settings))
    await runtime.start()
    return runtime


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A started runtime on a folder of the test's own."""
    started = await start_runtime(tmp_path / "data")
    yield started
    await started.stop()


@pytest.fixture
def store(runtime: Runtime) -> Callable[[Document], Awaitable[Workflow]]:
    """Stores a document."""

    async def create(document: Document) -> Workflow:
        return await runtime.workflows.create(COMMAND_LINE, document)

    return create
