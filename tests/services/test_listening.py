"""Listening: one call, told to everybody who waits for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from flowstudio.services.listening import Listenings
from flowstudio.services.webhook_routes import Route, Routes

HOOK = Routes([Route("POST", "orders/:id", "w", "in")])
LONG = 30.0


def soon(seconds: float = 60) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def listening() -> Listenings:
    """Somebody listens to the workflow `w`."""
    listenings = Listenings()
    listenings.start("w", HOOK, soon())
    return listenings


async def test_nobody_waits_for_a_workflow_that_nobody_listens_to() -> None:
    assert await Listenings().wait_for_call("w", LONG) == (None, False)


async def test_everybody_who_waits_hears_of_the_call() -> None:
    listenings = listening()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(listenings.wait_for_call("w", LONG))
        await asyncio.sleep(0)
        listenings.start("w", HOOK, soon())
        second = group.create_task(listenings.wait_for_call("w", LONG))
        await asyncio.sleep(0)
        taken = listenings.take("w")
        assert taken is not None
        taken.settle("e1")
    assert first.result() == second.result() == ("e1", False)


async def test_who_asks_after_the_call_hears_of_it_too() -> None:
    listenings = listening()
    taken = listenings.take("w")
    assert taken is not None
    taken.settle("e1")
    assert await listenings.wait_for_call("w", LONG) == ("e1", False)


async def test_only_the_first_call_is_let_in() -> None:
    listenings = listening()
    assert listenings.routes("orders/7").find("POST", "orders/7") is not None
    assert listenings.take("w") is not None
    assert listenings.take("w") is None
    assert listenings.routes("orders/7").find("POST", "orders/7") is None


async def test_listening_again_after_a_call_opens_the_addresses_again() -> None:
    listenings = listening()
    taken = listenings.take("w")
    assert taken is not None
    taken.settle("e1")
    listenings.start("w", HOOK, soon())
    assert await listenings.wait_for_call("w", 0) == (None, True)


async def test_who_waits_is_told_that_listening_was_stopped() -> None:
    listenings = listening()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(listenings.wait_for_call("w", LONG))
        await asyncio.sleep(0)
        listenings.stop("w")
    assert waiting.result() == (None, False)
    assert listenings.take("w") is None


async def test_a_call_that_was_let_in_is_not_stopped_any_more() -> None:
    listenings = listening()
    taken = listenings.take("w")
    assert taken is not None
    listenings.stop("w")
    assert await listenings.wait_for_call("w", 0) == (None, True)
    taken.settle("e1")
    assert await listenings.wait_for_call("w", 0) == ("e1", False)


async def test_a_wait_ends_without_a_call_when_its_time_is_up() -> None:
    assert await listening().wait_for_call("w", 0) == (None, True)


async def test_addresses_close_when_the_time_of_listening_is_up() -> None:
    listenings = Listenings()
    listenings.start("w", HOOK, soon(-1))
    assert await listenings.wait_for_call("w", LONG) == (None, False)
    assert listenings.take("w") is None
    assert listenings.routes("orders/7").methods("orders/7") == []
