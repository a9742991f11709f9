"""One sandbox for all tests of the package: what a test leaves behind must not reach the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.sandbox import ExpressionBatch, JavaScript, Python, Sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    """A started sandbox. Skips where the system does not allow a jail."""
    async with Sandbox() as started:
        if started.report.javascript.tier != "jail" or started.report.python.tier != "jail":
            pytest.skip(f"no jail here: {started.report}")
        yield started


@pytest.fixture
def javascript(sandbox: Sandbox) -> JavaScript:
    return sandbox.javascript


@pytest.fixture
def python(sandbox: Sandbox) -> Python:
    return sandbox.python


Evaluate = Callable[..., Awaitable[Any]]


@pytest.fixture
def evaluate(javascript: JavaScript) -> Evaluate:
    """The value of one template for one item."""

    async def run(
        template: str,
        json: Mapping[str, Any] | None = None,
        *,
        shared: Mapping[str, Any] | None = None,
        per_item: Mapping[str, Any] | None = None,
        items: Sequence[Mapping[str, Any]] | None = None,
    ) -> Any:
        batch = ExpressionBatch(
            [template], items if items is not None else [json or {}], shared or {}, per_item or {}
        )
        rows = await javascript.evaluate(batch, owner="tests")
        return rows[0][0] if items is None else [row[0] for row in rows]

    return run
