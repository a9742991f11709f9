"""The real cages, for nodes that need JavaScript's meaning of something."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Host
from flowstudio.outbound import Outbound
from flowstudio.sandbox import Sandbox
from flowstudio.services.evaluator import CagedEvaluator
from flowstudio.services.samples import Samples
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from tests.nodes.driver import make_host


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def caged_host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    """A host with the real sandbox and the sample data. Skips where the system does not allow a jail."""
    vectors = EmbeddedVectors(tmp_path_factory.mktemp("vectors") / "vectors.db")
    outbound = Outbound(["127.0.0.1"], samples=Samples().find, own_origin="http://127.0.0.1:8000")
    async with Sandbox() as sandbox:
        if sandbox.report.javascript.tier != "jail":
            pytest.skip(f"no jail here: {sandbox.report.javascript}")
        yield make_host(
            evaluator=CagedEvaluator(sandbox),
            services={Sandbox: sandbox, Outbound: outbound, VectorStore: vectors},
        )
    await vectors.close()
    await outbound.close()
