"""JavaScript: expressions in batches, and the code of Code nodes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from flowstudio.errors import CodeError, CodeMemory, CodeOutput
from flowstudio.sandbox.batch import CodeResult, ExpressionBatch, ExpressionFailure, Value
from flowstudio.sandbox.jail import Jail
from flowstudio.sandbox.payload import encode
from flowstudio.sandbox.report import TierReport
from flowstudio.sandbox.result import items_of_all, items_of_each, left_behind
from flowstudio.sandbox.slots import Slots
from flowstudio.sandbox.spawner import Child
from flowstudio.sandbox.template import pieces

EXPRESSION_TIMEOUT = 10.0
CODE_TIMEOUT = 60.0
MEMORY = 256 << 20
"""Bytes that a script may hold, unless said otherwise."""
_ADDRESS_SPACE = 1 << 30
_RETIRE_AFTER = 1800.0
_RETIRE_SIZE = 8 << 20
_LEAVES_JOBS = re.compile(rb"async|await|Promise|Microtask|FinalizationRegistry")


@dataclass(slots=True)
class _Worker:
    """A child and whose scripts it serves."""

    owner: str
    child: Child


class _Workers(Jail):
    """Children that are kept warm, each for one owner."""

    def __init__(self, *, warm: int, idle_after: float) -> None:
        super().__init__("javascript", idle_after=idle_after)
        self._warm = warm
        self._idle: list[_Worker] = []

    async def take(self, owner: str) -> _Worker:
        """A child that has served nobody else."""
        for index, worker in enumerate(self._idle):
            if worker.owner == owner:
                del self._idle[index]
                if not worker.child.exited.done():
                    return worker
                worker.child.kill()
                break
        self._trim(self._warm - 1)
        return _Worker(owner, await self.spawner.spawn(memory=_ADDRESS_SPACE))

    def give_back(self, worker: _Worker) -> None:
        """Keep a child for its owner's next script."""
        if worker.child.spent > _RETIRE_AFTER:
            worker.child.kill()
            return
        self._idle.append(worker)
        self._trim(self._warm)

    def _trim(self, size: int) -> None:
        while len(self._idle) > max(size, 0):
            self._idle.pop(0).child.kill()

    def forget(self) -> None:
        """Drop the idle children."""
        self._trim(0)


class JavaScript:
    """The pool of JavaScript children."""

    def __init__(
        self, *, warm: int = 2, busy: int = 8, per_owner: int = 2, idle_after: float = 300.0
    ) -> None:
        """`warm` children are kept for their owners; `busy` evaluate expressions at the same time and as many run code, of one owner `per_owner`.

        All end when nothing came for `idle_after` seconds.
        """
        self._workers = _Workers(warm=warm, idle_after=idle_after)
        self._expressions = Slots(busy, per_owner=per_owner)
        self._code = Slots(busy, per_owner=per_owner)

    async def report(self) -> TierReport:
        """How well JavaScript is caged here."""
        return await self._workers.report()

    async def evaluate(
        self, batch: ExpressionBatch, *, owner: str, timeout: float = EXPRESSION_TIMEOUT
    ) -> list[list[Value | ExpressionFailure]]:
        """Values as `[item][template]`. Raises `CodeTimeout` and its relatives for what ends the whole batch, `SandboxUnavailable`."""
        if not batch.items:
            return []
        header = orjson.dumps(
            {"evaluate": [pieces(template) for template in batch.templates], "memory": MEMORY}
        )
        data = encode({"items": batch.items, "shared": batch.shared, "per_item": batch.per_item})
        async with self._expressions.of(owner):
            result, _ = await self._run(owner, header + b"\n" + data, timeout=timeout, memory=MEMORY)
        return _table(result, len(batch.items), len(batch.templates))

    async def run_code(
        self,
        code: str,
        items: Sequence[Mapping[str, Any]],
        scope: Mapping[str, Any],
        *,
        owner: str,
        mode: Literal["all-items", "each-item"] = "all-items",
        timeout: float = CODE_TIMEOUT,
        memory: int = MEMORY,
        per_item: Mapping[str, Any] | None = None,
    ) -> CodeResult:
        """Run the code of a node on items (`$json` of each). Raises `CodeError` in one of its kinds, `SandboxUnavailable`."""
        header = orjson.dumps({"code": _well_formed(code), "mode": mode, "memory": memory})
        data = encode({"items": items, "shared": scope, "per_item": per_item or {}})
        async with self._code.of(owner):
            result, stdout = await self._run(owner, header + b"\n" + data, timeout=timeout, memory=memory)
        return CodeResult(_items(result, len(items), stdout), stdout, *left_behind(result))

    async def _run(self, owner: str, payload: bytes, *, timeout: float, memory: int) -> tuple[Any, str]:
        workers = self._workers
        await workers.require()
        workers.enter()
        worker = None
        try:
            worker = await workers.take(owner)
            started = asyncio.get_running_loop().time()
            result, reply = await workers.run(worker.child, payload, timeout=timeout, memory=memory)
            _raise_told(result, reply.stdout, memory)
            worker.child.spent += asyncio.get_running_loop().time() - started
            if _is_clean(result, payload) and len(payload) + len(reply.payload) < _RETIRE_SIZE:
                workers.give_back(worker)
                worker = None
            return result, reply.stdout
        finally:
            if worker is not None:
                worker.child.kill()
            workers.leave()

    async def stop(self) -> None:
        """End every child."""
        self._workers.forget()
        await self._workers.stop()


def _well_formed(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _is_clean(result: Any, payload: bytes) -> bool:
    """Whether nothing is left behind in the child: no global, no promise that waits for its turn."""
    if not isinstance(result, dict):
        return False
    if "rows" not in result:
        return True  # code has a runtime of its own
    return result.get("clean") is True and not _LEAVES_JOBS.search(payload[: payload.find(b"\n")])


def _raise_told(result: Any, stdout: str, memory: int) -> None:
    """Raise the error that the script itself caught and told of."""
    error = result.get("error") if isinstance(result, dict) else None
    if not isinstance(error, dict):
        return
    if error.get("kind") == "memory":
        raise CodeMemory(
            f"It needs more memory than the {memory >> 20} MiB that code may use.", stdout=stdout
        )
    line, item = error.get("line"), error.get("item")
    raise CodeError(
        str(error.get("message"))[:4000],
        line=line if isinstance(line, int) else None,
        item=item if isinstance(item, int) else None,
        stdout=stdout,
    )


def _table(result: Any, rows: int, columns: int) -> list[list[Value | ExpressionFailure]]:
    """The values, checked for their shape: the child is not trusted."""
    table = result.get("rows") if isinstance(result, dict) else None
    failures = result.get("failures") if isinstance(result, dict) else None
    if (
        not isinstance(table, list)
        or not isinstance(failures, list)
        or len(table) != rows
        or any(not isinstance(row, list) or len(row) != columns for row in table)
    ):
        raise CodeOutput("The expressions gave a result of the wrong shape.")
    for failure in failures:
        match failure:
            case [int(row), int(column), str(message)] if 0 <= row < rows and 0 <= column < columns:
                table[row][column] = ExpressionFailure(message[:2000])
            case _:
                raise CodeOutput("The expressions gave a result of the wrong shape.")
    return table


def _items(result: Any, count: int, stdout: str) -> list[dict[str, Any]]:
    match result:
        case {"result": dict(marked)}:
            if marked.get("type") == "function":
                raise CodeOutput("The code returned a function; return items.", stdout=stdout)
            return items_of_all(marked.get("value"), stdout=stdout, missing="value" not in marked)
        case {"results": list(results)} if len(results) == count and all(
            isinstance(one, dict) for one in results
        ):
            for index, one in enumerate(results):
                if "value" not in one:
                    what = "a function" if one.get("type") == "function" else "nothing"
                    raise CodeOutput(
                        f"The code returned {what} for item {index}; return an object, or null to drop the item.",
                        stdout=stdout,
                        item=index,
                    )
            return items_of_each([one["value"] for one in results], stdout=stdout)
    raise CodeOutput("The code gave a result of the wrong shape.", stdout=stdout)
