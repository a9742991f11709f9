"""Messages between processes: their order, their size, and what is said when some are lost."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from flowstudio.storage.channel import PIECE, Channel, split


def test_a_text_is_cut_into_pieces_that_are_never_too_long_and_never_break_a_character() -> None:
    text = "aä€😀" * 5_000
    pieces = split(text.encode())
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= PIECE for piece in pieces)
    assert len(pieces) == -(-len(text.encode()) // PIECE)


class Ear:
    """Remembers what a channel hears."""

    def __init__(self, channel: Channel) -> None:
        self.heard: list[Any] = []
        self.missed = 0
        self.news = asyncio.Event()
        channel.hear, channel.missed = self._hear, self._miss

    def _hear(self, kind: str, data: Any) -> None:
        self.heard.append((kind, data))
        self.news.set()

    def _miss(self) -> None:
        self.missed += 1
        self.news.set()

    async def until(self, heard: int = 0, missed: int = 0) -> None:
        """Wait until so much was heard and missed."""
        async with asyncio.timeout(30):
            while len(self.heard) < heard or self.missed < missed:
                self.news.clear()
                await self.news.wait()


async def test_messages_arrive_in_their_order_whatever_their_size_and_a_cut_connection_is_told(
    postgres_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(postgres_database)
    one, other = Channel(url), Channel(url)
    own, ear = Ear(one), Ear(other)
    await one.start()
    await other.start()
    sent = [("text", f"{n} " + "ä€😀" * (n % 7) * 900) for n in range(60)]
    for kind, data in sent:
        one.send(kind, data)
    await ear.until(heard=60)
    assert ear.heard == sent
    assert (own.heard, ear.missed) == ([], 0)

    plain = postgres_database.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(plain, autocommit=True) as admin:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    await ear.until(missed=1)
    one.send("after", 1)
    await ear.until(heard=61)
    assert ear.heard[-1] == ("after", 1)

    before = ear.missed
    one.send("huge", "x" * 2_000_000)  # is left out, which the next one tells
    one.send("after", 2)
    await ear.until(heard=62, missed=before + 1)
    assert ear.heard[-1] == ("after", 2)
    await one.stop()
    await other.stop()
