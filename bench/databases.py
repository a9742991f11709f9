"""A PostgreSQL server of their own for measures that need one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from scripts import postgres
from tests.postgres import PostgresServer


@contextmanager
def database_server(*names: str) -> Iterator[PostgresServer]:
    """A server with these databases. Raises `RuntimeError` where PostgreSQL is not installed."""
    programs = postgres.find()
    if programs is None:
        raise RuntimeError(postgres.REMEDY)
    with PostgresServer(programs) as server:
        create(server, *names)
        yield server


def create(server: PostgresServer, *names: str) -> None:
    """Add empty databases."""
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}".encode())
