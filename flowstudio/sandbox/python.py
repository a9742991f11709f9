"""Python: the code of Code nodes, one fresh locked process a run; elsewhere a strict interpreter."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson

from flowstudio.errors import CodeOutput, SandboxUnavailable
from flowstudio.sandbox.batch import CodeResult
from flowstudio.sandbox.jail import Jail
from flowstudio.sandbox.payload import encode
from flowstudio.sandbox.report import TierReport
from flowstudio.sandbox.result import items_of_all, items_of_each, left_behind
from flowstudio.sandbox.slots import Slots
from flowstudio.sandbox.strict import StrictPython

CODE_TIMEOUT = 60.0
MEMORY = 256 << 20
_ATTRIBUTES = re.compile(r"json\s*\.\s*(?!loads\b|dumps\b|load\b|dump\b|JSON)[A-Za-z_]")
"""Code that reads `item.json.name`, which asks for objects with attributes."""


class Python:
    """Runs Python."""

    def __init__(
        self, *, busy: int = 8, per_owner: int = 2, idle_after: float = 300.0, strict: bool = False
    ) -> None:
        """`busy` runs at the same time, of one owner `per_owner`; `strict` leaves the jail out."""
        self._jail = Jail("python", idle_after=idle_after)
        self._strict = StrictPython()
        self._only_strict = strict
        self._slots = Slots(busy, per_owner=per_owner)
        self._report: TierReport | None = None

    async def report(self) -> TierReport:
        """How well Python is caged here."""
        if self._report is None:
            jailed = (
                TierReport("off", "The strict interpreter was asked for.")
                if self._only_strict
                else await self._jail.report()
            )
            self._report = jailed if jailed.tier == "jail" else await self._strict.report(jailed.reason)
        return self._report

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
        """Run the code of a node on items (`json` of each). Raises `CodeError` in one of its kinds, `SandboxUnavailable`.

        Every run has a process of its own; `owner` only counts for the limit.
        """
        report = await self.report()
        if report.tier == "off":
            raise SandboxUnavailable(f"Python does not run on this installation. {report.reason}")
        code = code.encode("utf-8", "replace").decode()
        data = {"items": items, "shared": scope, "per_item": per_item or {}}
        async with self._slots.of(owner):
            if report.tier == "strict":
                result, stdout = await self._strict.run(code, data, mode=mode, timeout=timeout, memory=memory)
            else:
                result, stdout = await self._run_jailed(code, data, mode=mode, timeout=timeout, memory=memory)
        match result:
            case {"value": value} if mode == "all-items":
                return CodeResult(items_of_all(value, stdout=stdout), stdout, *left_behind(result))
            case {"values": list(values)} if mode == "each-item" and len(values) == len(items):
                return CodeResult(items_of_each(values, stdout=stdout), stdout, *left_behind(result))
        raise CodeOutput("The code gave a result of the wrong shape.", stdout=stdout)

    async def _run_jailed(
        self, code: str, data: Mapping[str, Any], *, mode: str, timeout: float, memory: int
    ) -> tuple[Any, str]:
        attributes = _ATTRIBUTES.search(code) is not None
        header = orjson.dumps({"code": code, "mode": mode, "attributes": attributes})
        payload = header + b"\n" + encode(data)
        self._jail.enter()
        try:
            # The request itself has to fit beside what the code may use.
            space = memory + 8 * len(payload)
            child = await self._jail.spawner.spawn(memory=space, cpu=math.ceil(timeout) + 1)
            try:
                result, reply = await self._jail.run(child, payload, timeout=timeout, memory=memory)
            finally:
                child.kill()
            return result, reply.stdout
        finally:
            self._jail.leave()

    async def stop(self) -> None:
        """End every process."""
        await self._jail.stop()
        await self._strict.stop()
