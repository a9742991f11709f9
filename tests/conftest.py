"""What all tests share: a PostgreSQL server, the browser's path, Hypothesis' profiles."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from flowstudio.docstrings import speed_up
from scripts import browser, postgres
from tests.migrated import migrate_database, store_examples
from tests.postgres import PostgresServer

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=50,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

_numbers = itertools.count()
speed_up()

LONGEST_FIRST = (
    "tests/api/test_schemathesis.py",
    "tests/services/test_schedules.py",
    "tests/services/test_executions.py",
    "tests/security/test_canaries.py",
    "tests/services/test_examples.py",
    "tests/bench/test_chaos.py",
    "tests/services/test_many.py",
    "tests/services/test_webhooks.py",
    "tests/test_cli.py",
    "tests/bench/test_soak.py",
    "tests/services/test_workflows.py",
    "tests/storage/test_crash.py",
    "tests/storage/test_backup.py",
    "tests/e2e/test_editing.py",
    "tests/e2e/test_chat.py",
    "tests/e2e/test_accessibility.py",
    "tests/e2e/test_many.py",
    "tests/e2e/test_ai.py",
    "tests/e2e/test_panel.py",
    "tests/e2e/test_credentials.py",
    "tests/e2e/test_expressions.py",
    "tests/e2e/test_executions.py",
    "tests/e2e/test_kill.py",
    "tests/e2e/test_pages.py",
    "tests/e2e/test_workflows.py",
    "tests/e2e/test_long_story.py",
    "tests/e2e/test_story.py",
)
"""Files that take long begin first, so that neither of two processes is left alone with one at the end."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL server. Skips the test, and says so at the end of the run, where there is none."""
    programs = postgres.find()
    if programs is None:
        pytest.skip(postgres.REMEDY)
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """SQLAlchemy URL of the server's maintenance database, shared by the whole run; see `postgres_database`."""
    return postgres_server.url()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of the test's own, dropped afterwards."""
    with made_database(postgres_server, f"test_{next(_numbers)}") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> Iterator[str]:
    """Name of a migrated PostgreSQL database with the examples, to copy."""
    with made_database(postgres_server, "migrated") as url:
        migrate_database(url)
        store_examples(url)
        yield "migrated"


@pytest.fixture
def migrated_database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """SQLAlchemy URL of a migrated database with the examples, of the test's own, dropped afterwards."""
    with made_database(postgres_server, f"test_{next(_numbers)}", template=migrated_template) as url:
        yield url


@contextmanager
def made_database(server: PostgresServer, name: str, template: str = "template1") -> Iterator[str]:
    """SQLAlchemy URL of a database that is there for the time being."""
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield server.url(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Path of the Chromium to drive: `playwright.chromium.launch(executable_path=chromium_path)`."""
    if found := browser.find():
        return found
    pytest.fail(browser.REMEDY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the shared servers, so that `-m 'not postgres'` and `-m 'not browser'` work; see `LONGEST_FIRST`."""
    ranks = {file: rank for rank, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(ranks)))
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & {"postgres_server", "postgres_url", "postgres_database", "migrated_database"}:
            item.add_marker("postgres")
        if "chromium_path" in names:
            item.add_marker("browser")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end, in words, that PostgreSQL was not tested."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if postgres.REMEDY in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests on PostgreSQL were SKIPPED. {postgres.REMEDY}", yellow=True, bold=True
        )
