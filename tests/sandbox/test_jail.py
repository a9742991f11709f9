"""What the parent does: tiers, limits, the life and death of processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable

import psutil
import pytest
import pytest_asyncio

from flowstudio.errors import CodeError, CodeTimeout, SandboxUnavailable
from flowstudio.sandbox import ExpressionBatch, JavaScript, Python, Sandbox
from flowstudio.sandbox import jail as jails
from flowstudio.sandbox import spawner as spawners
from flowstudio.sandbox.jail import Jail

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = ExpressionBatch(["{{ $json.a }}"], [{"a": 1}])
LOOP = ExpressionBatch(["{{ (() => { while (true); })() }}"], [{}])


@pytest_asyncio.fixture(loop_scope="session")
async def own(sandbox: Sandbox) -> AsyncIterator[JavaScript]:
    """A JavaScript of the test's own, on a system where there is a jail."""
    javascript = JavaScript(warm=2, busy=2)
    yield javascript
    await javascript.stop()


def _lives(process: psutil.Process) -> bool:
    """Whether a process runs; one that ends at this very moment does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _children(javascript: JavaScript) -> list[psutil.Process]:
    pid = javascript._workers.spawner.pid
    assert pid is not None
    return [process for process in psutil.Process(pid).children() if _lives(process)]


async def _until(condition: Callable[[], object]) -> None:
    """Wait for something that only the system knows."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never happened")


async def test_the_self_test_passes_and_says_so(sandbox: Sandbox) -> None:
    assert sandbox.report.javascript.tier == "jail"
    assert "no way out" in sandbox.report.python.reason


async def test_before_the_start_nothing_is_promised() -> None:
    assert Sandbox().report.javascript.tier == "off"


async def test_an_endless_loop_does_not_stop_the_server(own: JavaScript, python: Python) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    heart = asyncio.create_task(beat())
    with pytest.raises(CodeTimeout):
        await own.evaluate(LOOP, owner="a", timeout=0.5)
    with pytest.raises(CodeTimeout):
        await python.run_code("while True:\n  pass", [], {}, owner="a", timeout=0.5)
    heart.cancel()
    assert beats >= 5


async def test_others_are_served_while_a_loop_runs(own: JavaScript) -> None:
    loop = asyncio.create_task(own.evaluate(LOOP, owner="a", timeout=30))
    for _ in range(20):
        assert await own.evaluate(ONE, owner="b") == [[1]]
    assert not loop.done()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_cancelling_a_batch_kills_its_process(own: JavaScript) -> None:
    await own.evaluate(ONE, owner="a")
    (child,) = _children(own)
    task = asyncio.create_task(own.evaluate(LOOP, owner="a", timeout=30))
    await _until(lambda: child.cpu_percent() > 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: not _lives(child))
    assert await own.evaluate(ONE, owner="a") == [[1]]


async def test_cancelling_python_kills_its_process(python: Python) -> None:
    task = asyncio.create_task(python.run_code("while True:\n  pass", [], {}, owner="a", timeout=30))
    spawner = python._jail.spawner
    await _until(lambda: spawner.pid is not None and psutil.Process(spawner.pid).children())
    assert spawner.pid is not None
    (child,) = psutil.Process(spawner.pid).children()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until(lambda: not _lives(child))


async def test_a_process_serves_one_owner_only(own: JavaScript) -> None:
    seen = []
    for owner in "abcabcaab":
        await own.evaluate(ONE, owner=owner)
        seen.append((own._workers._idle[-1].child, owner))
    for child, owner in seen:
        assert {other for same, other in seen if same is child} == {owner}
    await _until(lambda: len(_children(own)) <= 2)


async def test_an_owner_keeps_its_process(own: JavaScript) -> None:
    await own.evaluate(ONE, owner="a")
    (before,) = _children(own)
    for _ in range(5):
        await own.evaluate(ONE, owner="a")
    assert [child.pid for child in _children(own)] == [before.pid]


async def test_no_more_than_the_limit_work_at_the_same_time(own: JavaScript) -> None:
    batches = [own.evaluate(ONE, owner=f"owner {number}") for number in range(30)]
    assert await asyncio.gather(*batches) == [[[1]]] * 30
    await _until(lambda: len(_children(own)) <= 2)


async def test_work_goes_on_after_the_zygote_was_killed(own: JavaScript) -> None:
    await own.evaluate(ONE, owner="a")
    (child,) = _children(own)
    pid = own._workers.spawner.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await _until(lambda: own._workers.spawner.pid is None)
    await _until(lambda: not _lives(child))
    assert await own.evaluate(ONE, owner="a") == [[1]]


async def test_work_goes_on_after_an_idle_child_was_killed(own: JavaScript) -> None:
    await own.evaluate(ONE, owner="a")
    (child,) = _children(own)
    child.kill()
    await _until(lambda: own._workers._idle[0].child.exited.done())
    assert await own.evaluate(ONE, owner="a") == [[1]]


async def test_idle_processes_end_and_come_back(sandbox: Sandbox) -> None:
    javascript = JavaScript(idle_after=0.05)
    assert await javascript.evaluate(ONE, owner="a") == [[1]]
    await _until(lambda: javascript._workers.spawner.pid is None)
    assert await javascript.evaluate(ONE, owner="a") == [[1]]
    await javascript.stop()


async def test_stopping_leaves_no_process(sandbox: Sandbox) -> None:
    async with Sandbox() as another:
        await another.javascript.evaluate(ONE, owner="a")
        await another.python.run_code("return []", [], {}, owner="a")
        pids = [another.javascript._workers.spawner.pid, another.python._jail.spawner.pid]
    assert not [pid for pid in pids if pid is not None and psutil.pid_exists(pid)]


async def test_the_children_die_with_the_server(sandbox: Sandbox) -> None:
    program = """
import asyncio, json, psutil
from flowstudio.sandbox import ExpressionBatch, Sandbox
async def main():
    async with Sandbox() as sandbox:
        await sandbox.javascript.evaluate(ExpressionBatch(["{{ 1 }}"], [{}]), owner="a")
        loop = asyncio.create_task(sandbox.python.run_code("while True: pass", [], {}, owner="a"))
        while len(found := psutil.Process().children(recursive=True)) < 4:
            await asyncio.sleep(0.01)
        print(json.dumps([process.pid for process in found]), flush=True)
        await loop
asyncio.run(main())
"""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    pids = json.loads(await server.stdout.readline())
    server.kill()
    await server.communicate()
    assert len(pids) == 4
    await _until(lambda: not [pid for pid in pids if _is_alive(pid)])


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_without_a_jail_nothing_of_javascript_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawners, "_BOOT", "raise SystemExit('this kernel has no seccomp') # {root} {home}")
    async with Sandbox() as without:
        assert without.report.javascript.tier == "off"
        assert "no seccomp" in without.report.javascript.reason
        with pytest.raises(SandboxUnavailable, match="does not run on this installation"):
            await without.javascript.evaluate(ONE, owner="a")


async def test_a_jail_that_leaks_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is left open, as on a system that ignores it."""
    leaky = spawners._BOOT.replace(
        "main(sys.argv[1:])",
        "import flowstudio.sandbox.inside.lockdown as l\n"
        "l.Lock.close = lambda self, limits, parent: self.die_with(parent)\n"
        "main(sys.argv[1:])",
    )
    monkeypatch.setattr(spawners, "_BOOT", leaky)
    for language in ("javascript", "python"):
        jail = Jail(language, idle_after=60)
        report = await jail.report()
        assert report.tier == "off"
        assert "read a file" in report.reason
        assert "start a process" in report.reason
        with pytest.raises(SandboxUnavailable):
            await jail.require()
        await jail.stop()


async def test_without_landlock_python_opens_no_file_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on an older kernel: what was loaded before the lock works, nothing else can be imported."""
    older = spawners._BOOT.replace(
        "main(sys.argv[1:])",
        "import flowstudio.sandbox.inside.landlock as l\nl.version = lambda libc: 0\nmain(sys.argv[1:])",
    )
    monkeypatch.setattr(spawners, "_BOOT", older)
    async with Sandbox() as sandbox:
        assert (sandbox.report.javascript.tier, sandbox.report.python.tier) == ("jail", "jail")
        assert "no Landlock" in sandbox.report.python.reason
        run = sandbox.python.run_code
        result = await run(
            "import math\nreturn [{'v': math.floor(1.5), 'w': str(_now.utcoffset())}]",
            [],
            {"timezone": "Asia/Tokyo"},
            owner="a",
        )
        assert result.items == [{"json": {"v": 1, "w": "9:00:00"}}]
        for code in ("open('/etc/passwd')", "import turtle", "import os\nos.stat('/etc/passwd')"):
            with pytest.raises(CodeError, match="Error"):
                await run(code, [], {}, owner="a")
        assert await sandbox.javascript.evaluate(ONE, owner="a") == [[1]]


async def test_one_owner_cannot_keep_the_others_out(sandbox: Sandbox, python: Python) -> None:
    javascript = JavaScript(busy=3, per_owner=2)
    loops = [asyncio.create_task(javascript.evaluate(LOOP, owner="a", timeout=30)) for _ in range(6)]
    code = [
        asyncio.create_task(javascript.run_code("while (true);", [], {}, owner=owner, timeout=30))
        for owner in "aabb"
    ]
    await asyncio.sleep(0)
    assert await javascript.evaluate(ONE, owner="b") == [[1]]
    for task in (*loops, *code):
        task.cancel()
    assert {type(end) for end in await asyncio.gather(*loops, *code, return_exceptions=True)} == {
        asyncio.CancelledError
    }
    await javascript.stop()


async def test_after_the_self_test_the_zygote_does_not_stay(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jails, "_AFTER_PROBE", 0.05)
    jail = Jail("javascript", idle_after=300)
    assert (await jail.report()).tier == "jail"
    await _until(lambda: jail.spawner.pid is None)
    await jail.stop()


async def test_a_self_test_that_had_no_time_is_run_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is frozen, or whose machine is too busy, while it starts can run code later."""
    monkeypatch.setattr(spawners, "_START_TIMEOUT", 0.0)
    jail = Jail("javascript", idle_after=300)
    assert (await jail.report()).tier == "off"
    with pytest.raises(SandboxUnavailable, match="did not start"):
        await jail.require()
    monkeypatch.undo()
    await jail.require()
    assert (await jail.report()).tier == "jail"
    await jail.stop()


async def test_python_falls_back_to_the_strict_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawners, "_BOOT", "raise SystemExit('this kernel has no seccomp') # {root} {home}")
    async with Sandbox() as without:
        assert without.report.python.tier == "strict"
        result = await without.python.run_code("return [{'a': 1}]", [], {}, owner="a")
        assert result.items == [{"json": {"a": 1}}]
