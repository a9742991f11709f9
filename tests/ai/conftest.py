"""Every chat model, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flowstudio.ai.alith import AlithPool
from tests.ai.providers.vendors import POOL, VENDORS, Vendor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workers() -> AsyncIterator[AlithPool]:
    """Alith's workers, for all tests of a module: they take a second each to start."""
    POOL.append(AlithPool())
    yield POOL[0]
    await POOL.pop().stop()


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest, workers: AlithPool) -> Vendor:
    """One after the other."""
    found: Vendor = request.param
    return found
