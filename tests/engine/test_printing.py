"""What nodes print."""

from __future__ import annotations

import asyncio

from flowstudio.engine.printing import LIMIT, Printout


async def test_prints_that_come_together_are_told_together() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    printout = Printout(told.put_nowait)
    printout.add("a")
    printout.add("b")
    assert told.empty()
    assert await told.get() == "ab"
    printout.add("c")
    printout.flush()
    assert told.get_nowait() == "c"
    assert printout.text == "abc"


async def test_what_is_beyond_the_limit_is_dropped() -> None:
    told: list[str] = []
    printout = Printout(told.append)
    printout.add("x" * (LIMIT - 1))
    printout.add("yz")
    printout.add("more")
    printout.flush()
    assert len(printout.text) == LIMIT
    assert printout.text.endswith("xy")
    assert "".join(told) == printout.text
