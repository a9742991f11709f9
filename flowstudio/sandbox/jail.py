"""What the cages of both languages share: the self-test, one run with its limits, the end of an idle zygote."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from flowstudio.errors import CodeError, CodeMemory, CodeOutput, CodeTimeout, SandboxError, SandboxUnavailable
from flowstudio.sandbox.payload import decode
from flowstudio.sandbox.report import TierReport
from flowstudio.sandbox.spawner import Child, ChildGone, Language, Reply, Spawner

_PROBE_MEMORY = 256 << 20
_PROBE_TIMEOUT = 20.0
_PROBES = 3
"""Tries of a self-test that does not end in its time."""
_AFTER_PROBE = 5.0
"""Seconds for which the zygote stays after the self-test when nobody wants it: an idle server should be small."""
_NAMES: dict[Language, str] = {"javascript": "JavaScript", "python": "Python"}


class Jail:
    """The locked processes of one language."""

    def __init__(self, language: Language, *, idle_after: float) -> None:
        self.language: Language = language
        self.spawner = Spawner(language)
        self._idle_after = idle_after
        self._used = 0.0
        self._worked = False
        self._busy = 0
        self._watch: asyncio.TimerHandle | None = None
        self._checking = asyncio.Lock()
        self._report: TierReport | None = None
        self._late = False
        """The self-test did not end in its time."""
        self._stopping: asyncio.Task[None] | None = None

    async def report(self) -> TierReport:
        """The result of the self-test, which runs once; again when it had no time, on a machine that is busy or was asleep."""
        async with self._checking:
            if self._report is not None:
                return self._report
            left = _PROBES
            while True:
                self._late, left = False, left - 1
                found = await self._self_test()
                if not self._late:
                    self._report = found
                if not self._late or not left:
                    return found

    async def _self_test(self) -> TierReport:
        name = _NAMES[self.language]
        self.enter()
        try:
            child = await self.spawner.spawn(memory=_PROBE_MEMORY, cpu=30)
            try:
                async with asyncio.timeout(_PROBE_TIMEOUT):
                    reply = await child.ask(b'{"probe":true}\n{}')
            finally:
                child.kill()
        except ChildGone as gone:
            return TierReport(
                "off", f"The jail for {name} cannot be closed on this system (exit {gone.status})."
            )
        except TimeoutError:
            self._late = True
            return TierReport("off", f"The self-test of the jail for {name} did not end.")
        except SandboxError as error:
            self._late = isinstance(error.__cause__, TimeoutError)
            return TierReport("off", error.message)
        finally:
            self._busy -= 1
            self._watch_from_now(_AFTER_PROBE)
        escapes = decode(reply.payload).get("escapes") if reply.ok else ["answer the self-test"]
        if escapes:
            return TierReport(
                "off", f"In the jail for {name}, code could still {', '.join(map(str, escapes))}."
            )
        facts = self.spawner.facts
        files = (
            f"Landlock {facts['landlock']}"
            if facts.get("landlock")
            else "no Landlock, so code cannot import further modules"
        )
        return TierReport(
            "jail", f"{name} runs in locked processes (seccomp, {files}); the self-test found no way out."
        )

    async def require(self) -> None:
        """Raise `SandboxUnavailable` unless the self-test has passed."""
        report = self._report or await self.report()
        if report.tier != "jail":
            raise SandboxUnavailable(
                f"{_NAMES[self.language]} does not run on this installation. {report.reason}"
            )

    def enter(self) -> None:
        """Somebody needs the zygote."""
        self._busy += 1

    def leave(self) -> None:
        """Somebody needs the zygote no more; it ends after it has been idle for some time."""
        self._busy -= 1
        self._worked = True
        self._watch_from_now(self._idle_after)

    def _watch_from_now(self, delay: float) -> None:
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self._watch is None:
            self._watch = loop.call_later(min(delay, self._idle_after), self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._watch = None
        left = self._used + self._idle_after - loop.time() if self._worked else 0
        if self._busy or left > 0:
            self._watch = loop.call_later(max(left, self._idle_after / 10), self._look)
            return
        self.forget()
        self._stopping = loop.create_task(self.spawner.stop())

    def forget(self) -> None:
        """Called before an idle zygote ends: drop what depends on it."""

    async def run(self, child: Child, payload: bytes, *, timeout: float, memory: int) -> tuple[Any, Reply]:
        """Ask a child, and kill it if it does not answer in time. Raises `CodeError` in one of its kinds."""
        try:
            async with asyncio.timeout(timeout):
                reply = await child.ask(payload)
            if not reply.ok:
                raise _failure(decode(reply.payload), reply.stdout, memory)
            return decode(reply.payload), reply
        except TimeoutError as error:
            raise CodeTimeout(
                f"It ran longer than {timeout:g} seconds and was stopped.", stdout=child.stdout
            ) from error
        except ChildGone as gone:
            raise _end(gone, memory, timeout) from gone

    async def stop(self) -> None:
        """End every process."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._stopping is not None:
            await self._stopping
        await self.spawner.stop()


def _failure(error: Any, stdout: str, memory: int) -> CodeError:
    """The error that a child told of; it may say anything."""
    if not isinstance(error, dict):
        error = {}
    message = str(error.get("message") or "The code failed without saying why.")[:4000]
    if error.get("kind") == "memory":
        return _too_much_memory(memory, stdout)
    if error.get("kind") == "output":
        return CodeOutput(message, stdout=stdout)
    line, item = error.get("line"), error.get("item")
    return CodeError(
        message,
        line=line if isinstance(line, int) else None,
        item=item if isinstance(item, int) else None,
        stdout=stdout,
    )


def _too_much_memory(memory: int, stdout: str) -> CodeMemory:
    return CodeMemory(f"It needs more memory than the {memory >> 20} MiB that code may use.", stdout=stdout)


def _end(gone: ChildGone, memory: int, timeout: float) -> CodeError:
    if gone.status in (-signal.SIGXCPU, -signal.SIGKILL):
        return CodeTimeout(
            f"It used more processor time than {timeout:g} seconds and was stopped.", stdout=gone.stdout
        )
    if gone.status is not None and gone.status < 0:
        name = signal.Signals(-gone.status).name
        return CodeError(f"The code crashed its process ({name}).", stdout=gone.stdout)
    return CodeError("The code ended its process before it gave a result.", stdout=gone.stdout)
