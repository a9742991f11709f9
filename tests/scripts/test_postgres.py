from pathlib import Path

import psycopg
import pytest

from scripts import postgres
from tests.postgres import PostgresFailed, PostgresServer


def programs(folder: Path, exit_code: int = 0) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\nexit {exit_code}\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_newest_installation_comes_first() -> None:
    folders = [Path(f"/lib/postgresql/{version}/bin") for version in ("9.6", "15", "17")]
    assert [folder.parent.name for folder in postgres.newest(iter(folders))] == ["17", "15", "9.6"]


def test_an_installation_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = programs(tmp_path / "17/bin", exit_code=1), programs(tmp_path / "15/bin")
    monkeypatch.setattr(postgres, "candidates", lambda: iter([broken, sound]))
    assert postgres.find() == sound


def test_the_package_is_tried_before_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fail(name: str) -> bool:
        asked.append(name)
        return False

    monkeypatch.setattr(postgres, "find", lambda: None)
    monkeypatch.setattr(postgres, "attempt", lambda command, seconds: fail(command[-1]))
    monkeypatch.setattr(postgres, "install_debian", fail)
    assert postgres.provide() is None
    assert asked == ["postgres", "postgresql"]


def test_each_test_gets_an_empty_database_of_its_own(postgres_database: str, postgres_url: str) -> None:
    assert postgres_database != postgres_url
    with psycopg.connect(postgres_database.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (0,)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    broken = programs(tmp_path / "pg/bin")
    (broken / "initdb").write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho no space >&2\nexit 1\n')
    with pytest.raises(PostgresFailed, match="no space"), PostgresServer(broken):
        pass
