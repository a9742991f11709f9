"""Slots whose number changes while they are in use."""

from __future__ import annotations

import asyncio
import random

from flowstudio.services.slots import Slots


async def test_who_waits_goes_on_when_there_are_more() -> None:
    slots = Slots(1)
    await slots.acquire()
    waiting = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    assert not waiting.done()
    await slots.resize(2)
    await waiting


async def test_whatever_is_set_meanwhile_there_are_never_more_than_the_slots() -> None:
    chance = random.Random(5)
    slots, inside, most = Slots(4), 0, 0

    async def work() -> None:
        nonlocal inside
        await slots.acquire()
        inside += 1
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        inside -= 1
        slots.release()

    for _ in range(200):
        limit = chance.randint(1, 6)
        await slots.resize(limit)
        tasks = [asyncio.create_task(work()) for _ in range(chance.randint(0, 12))]
        grown = False
        while not all(task.done() for task in tasks):
            most = max(most, inside)
            assert inside <= (6 if grown else limit)
            if not grown and chance.random() < 0.1:
                await slots.resize(6)
                grown = True
            await asyncio.sleep(0)
    assert most == 6
    assert slots.limit in range(1, 7)
