"""A whole FlowStudio without a server, shared by all workflows that are run here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from flowstudio.config import load_settings
from flowstudio.runtime import Runtime


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    """A started runtime on a folder and a database of its own."""
    folder: Path = tmp_path_factory.mktemp("studio")
    runtime = Runtime(load_settings(data_dir=folder, port=1, database_url=None))
    await runtime.start()
    if runtime.sandbox.report.javascript.tier != "jail":
        await runtime.stop()
        pytest.skip(f"no jail here: {runtime.sandbox.report.javascript}")
    yield runtime
    await runtime.stop()
