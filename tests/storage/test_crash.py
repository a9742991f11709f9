"""A killed process loses nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from pathlib import Path

from flowstudio.config import Settings
from flowstudio.storage import Storage
from flowstudio.storage.records import ExecutionFilter

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 2


async def acknowledged(settings: Settings, appends: int) -> dict[str, list[str]]:
    """Nodes by execution that a process reported before it was killed in the midst of its work."""
    url = [] if settings.database_url is None else [settings.database_url.get_secret_value()]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.storage.appending", str(settings.data_dir), *url),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(appends)]
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    found = defaultdict(list)
    for line in lines:
        if line.endswith(b"\n"):
            execution, node = line.decode().split()
            found[execution].append(node)
    return found


async def test_every_acknowledged_append_is_there_after_kill_9(settings: Settings) -> None:
    for round_ in range(ROUNDS):
        told = await acknowledged(settings, 150 + 70 * round_)
        assert sum(map(len, told.values())) >= 150
        async with await Storage.open(settings) as storage:
            for execution, nodes in told.items():
                runs = await storage.executions.node_runs(execution)
                stored = [run.node for run in runs]
                assert stored[: len(nodes)] == nodes
                assert stored == [str(i) for i in range(len(stored))], (
                    "each append once, in order, without a gap"
                )
                assert len(stored) <= len(nodes) + 1, "at most the append that was under way"


async def test_what_was_running_can_be_claimed_and_finished_after_kill_9(settings: Settings) -> None:
    await acknowledged(settings, 200)
    async with await Storage.open(settings) as storage:
        left = await storage.executions.recoverable()
        assert left
        for id_ in left:
            claim = await storage.executions.claim(id_, "you", 30)
            assert claim is not None
            assert claim.fence == 2
        done = await storage.executions.page(ExecutionFilter(status="success", limit=1000))
        for summary in done:
            runs = await storage.executions.node_runs(summary.id)
            assert [run.node for run in runs][-1] == summary.last_node
