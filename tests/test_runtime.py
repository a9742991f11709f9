"""What a started server clears away by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flowstudio.services.accounts import token_hash
from tests.services.conftest import start_runtime


async def test_sessions_that_have_expired_are_deleted_at_start(tmp_path: Path) -> None:
    first = await start_runtime(tmp_path / "data")
    user = await first.accounts.create_owner("Owner", "owner@example.com", "correct horse battery")
    now = datetime.now(UTC)
    old, valid = token_hash("old"), token_hash("valid")
    await first.storage.accounts.create_session(old, user.id, now - timedelta(minutes=1))
    await first.storage.accounts.create_session(valid, user.id, now + timedelta(days=1))
    await first.stop()
    second = await start_runtime(tmp_path / "data")
    async with asyncio.timeout(20):
        while await second.storage.accounts.session(old) is not None:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
    assert await second.storage.accounts.session(valid) is not None
    await second.stop()
