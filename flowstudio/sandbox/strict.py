"""Python without a jail: `pydantic-monty`, an interpreter of a part of Python that knows no files, processes or network."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowstudio.errors import CodeError, CodeMemory, CodeOutput, CodeTimeout, SandboxUnavailable
from flowstudio.sandbox.payload import MAX_RESULT, decode, encode
from flowstudio.sandbox.report import TierReport
from flowstudio.sandbox.spawner import MAX_STDOUT

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontySession

_GRACE = 2.0
_SCOPE = """
class Items:
    def __init__(self, items, index, params):
        self._items = items
        self.params = params
        self.item = items[index] if index is not None else None
    def all(self):
        return self._items
    def first(self):
        return self._items[0] if self._items else None
    def last(self):
        return self._items[-1] if self._items else None

class Node:
    def __init__(self, label, node, index):
        self._items = [{"json": json} for json in node.get("items") or []]
        self.params = node.get("params") or {}
        self.isExecuted = node.get("executed", True)
        pairs = (per_item.get("paired") or {}).get(label) or []
        found = pairs[index] if index is not None and index < len(pairs) else None
        if found is None and len(self._items) == 1:
            found = 0
        self.item = self._items[found] if found is not None and found < len(self._items) else None
    def all(self):
        return self._items
    def first(self):
        return self._items[0] if self._items else None
    def last(self):
        return self._items[-1] if self._items else None

def _(label):
    nodes = shared.get("nodes") or {}
    if label not in nodes:
        raise LookupError("there is no node '" + label + "' before this one")
    return Node(label, nodes[label], index)

items = rows
_items = rows
_input = Items(rows, index, shared.get("params") or {})
_execution = shared.get("execution") or {}
_workflow = shared.get("workflow") or {}
_vars = shared.get("vars") or {}
_env = shared.get("env") or {}
_runIndex = shared.get("runIndex") or 0
_prevNode = shared.get("prevNode") or {}
if index is not None:
    item = rows[index]
    _item = item
    _json = item["json"]
    _itemIndex = index
"""
"""The scope of a run, in the part of Python that the interpreter has."""
_UNSUPPORTED = "The strict Python of this installation does not have this: {}. `flowstudio doctor` says how to get full Python."


class StrictPython:
    """Runs code in worker processes of the strict interpreter, one for each run."""

    async def report(self, why: str) -> TierReport:
        """Whether the interpreter works here; `why` says what is wrong with the jail."""
        try:
            result, _ = await self.run(
                "return 6 * 7", {"items": []}, mode="all-items", timeout=10, memory=64 << 20
            )
        except SandboxUnavailable as error:
            return TierReport("off", f"{why} {error.message}")
        except CodeError as error:
            return TierReport("off", f"{why} The strict interpreter does not work: {error.message}")
        if result != {"value": 42}:
            return TierReport("off", f"{why} The strict interpreter gives wrong results.")
        return TierReport(
            "strict", f"{why} Python code runs in a strict interpreter with a part of the language."
        )

    async def run(
        self, code: str, data: Mapping[str, Any], *, mode: str, timeout: float, memory: int
    ) -> tuple[Any, str]:
        """Run code as the jail would: `{"value"}` or `{"values"}`, and what was printed. Raises `CodeError`, `SandboxUnavailable`."""
        run = _Run(code, data, mode=mode, timeout=timeout, memory=memory)
        task = asyncio.create_task(asyncio.to_thread(run.run))
        try:
            async with asyncio.timeout(timeout + _GRACE):
                result = await asyncio.shield(task)
        except TimeoutError as error:
            run.kill()
            await asyncio.wait([task])
            raise CodeTimeout(f"It ran longer than {timeout:g} seconds and was stopped.") from error
        except asyncio.CancelledError:
            run.kill()
            await asyncio.wait([task])
            raise
        # Through JSON, as everywhere: what comes back shares nothing with what went in.
        encoded = encode(result)
        if len(encoded) > MAX_RESULT:
            raise CodeOutput(f"The result is larger than {MAX_RESULT >> 20} MiB.", stdout=run.stdout)
        return decode(encoded), run.stdout

    async def stop(self) -> None:
        """Nothing is kept running."""


class _Run:
    """One run, in a thread."""

    def __init__(self, code: str, data: Mapping[str, Any], *, mode: str, timeout: float, memory: int) -> None:
        self._code = code
        self._data = decode(encode(data))
        self._mode = mode
        self._timeout = timeout
        self._memory = memory
        self._worker: int | None = None
        self._killed = False
        self.stdout = ""

    def kill(self) -> None:
        """End the worker process; `run` then fails."""
        self._killed = True
        if self._worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._worker, signal.SIGKILL)

    def run(self) -> dict[str, Any]:
        """Run to the end."""
        try:
            from pydantic_monty import Monty
        except ImportError as error:
            raise SandboxUnavailable(
                "The package pydantic-monty is not installed; install it with pip."
            ) from error
        try:
            with Monty(max_processes=1, request_timeout=self._timeout + _GRACE) as pool:
                if self._mode == "all-items":
                    return {"value": self._feed(pool, None)}
                return {"values": [self._feed(pool, index) for index in range(len(self._data["items"]))]}
        except (OSError, RuntimeError) as error:
            raise SandboxUnavailable(
                f"The strict interpreter of Python cannot be started: {error}"
            ) from error

    def _feed(self, pool: Monty, index: int | None) -> Any:
        from pydantic_monty import CollectString, MontyCrashedError, MontyError

        printed = CollectString(max_bytes=None)
        room = MAX_STDOUT - len(self.stdout)
        try:
            with pool.checkout(
                limits={"max_feed_duration_secs": self._timeout, "max_memory": self._memory}
            ) as session:
                self._start(session, index)
                return session.feed_run(self._code, print_callback=printed)
        except MontyCrashedError as error:
            raise CodeTimeout("The strict interpreter was stopped.", stdout=self.stdout) from error
        except MontyError as error:
            raise self._explain(error, index) from error
        finally:
            self.stdout += printed.output[:room]

    def _start(self, session: MontySession, index: int | None) -> None:
        self._worker = session.worker_pid
        if self._killed:
            self.kill()
        scope = {
            "rows": [{"json": json} for json in self._data["items"]],
            "shared": self._data.get("shared") or {},
            "per_item": self._data.get("per_item") or {},
            "index": index,
        }
        session.feed_run(_SCOPE, inputs=scope)

    def _explain(self, error: Any, index: int | None) -> CodeError:
        inner = error.exception()
        frames: list[Any] = getattr(error, "traceback", list)()
        line = frames[0].line if frames else None
        text = str(inner)
        if isinstance(inner, TimeoutError):
            return CodeTimeout(
                f"It ran longer than {self._timeout:g} seconds and was stopped.", stdout=self.stdout
            )
        if isinstance(inner, MemoryError):
            return CodeMemory(
                f"It needs more memory than the {self._memory >> 20} MiB that code may use.",
                stdout=self.stdout,
            )
        if (
            isinstance(inner, NotImplementedError | ModuleNotFoundError | PermissionError)
            or "not supported" in text
        ):
            return CodeError(_UNSUPPORTED.format(text), line=line, item=index, stdout=self.stdout)
        return CodeError(f"{type(inner).__name__}: {text}", line=line, item=index, stdout=self.stdout)
