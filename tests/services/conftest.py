"""A whole FlowStudio without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flowstudio.config import load_settings
from flowstudio.runtime import Runtime
from flowstudio.sandbox import TierReport
from flowstudio.sandbox.jail import Jail
from tests.migrated import give_database, registry

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
    """A started runtime on a data folder; a new one begins with a migrated database and the examples."""
    if "database_url" not in settings:
        give_database(folder, examples=True)
    runtime = Runtime(load_settings(data_dir=folder, port=1, **settings))
    await runtime.start()
    return runtime


@pytest.fixture(scope="package", autouse=True)
def tested_once() -> Iterator[None]:
    """The self-test of each cage runs for the first runtime alone, and node types are found once: for all it is the same."""
    known: dict[str, TierReport] = {}
    really = Jail.report

    async def report(jail: Jail) -> TierReport:
        if jail.language not in known:
            known[jail.language] = await really(jail)
        return known[jail.language]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Jail, "report", report)
        patch.setattr("flowstudio.runtime.discover", lambda _: registry())
        yield


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a migrated database with the examples: each test runs on both kinds."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("migrated_database")}


@pytest.fixture
async def runtime(tmp_path: Path, database: dict[str, str]) -> AsyncIterator[Runtime]:
    """A started runtime on a folder and a database of the test's own."""
    started = await start_runtime(tmp_path / "data", **database)
    yield started
    await started.stop()
