"""The cages of one installation."""

from __future__ import annotations

import asyncio

from flowstudio.sandbox.javascript import JavaScript
from flowstudio.sandbox.python import Python
from flowstudio.sandbox.report import UNKNOWN, Report


class Sandbox:
    """JavaScript for expressions and code, Python for code. Nothing runs in a cage that has not passed its self-test."""

    def __init__(self, *, idle_after: float = 300.0) -> None:
        """After `idle_after` seconds without work the processes of a language end; the next work starts them again."""
        self.javascript = JavaScript(idle_after=idle_after)
        self.python = Python(idle_after=idle_after)
        self.report: Report = UNKNOWN
        """The tier of each language and why; known after `start`."""

    async def start(self) -> Report:
        """Run the self-tests, both at once."""
        javascript, python = await asyncio.gather(self.javascript.report(), self.python.report())
        self.report = Report(javascript, python)
        return self.report

    async def stop(self) -> None:
        """End every process."""
        await asyncio.gather(self.javascript.stop(), self.python.stop())

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()
