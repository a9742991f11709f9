"""The command line, as a person or a script calls it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio import frontend
from flowstudio.cli import main
from flowstudio.commands.opening import opened_accounts, opened_links
from flowstudio.errors import Unauthorized
from tests.api.conftest import chain, greeting, node

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWSTUDIO_")}
    return kept | {"FLOWSTUDIO_DATA_DIR": str(folder)} | more


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command with a data folder of its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for name in list(os.environ):
        if name.startswith("FLOWSTUDIO_"):
            monkeypatch.delenv(name)

    def command(*arguments: str, stdin: str = "", **variables: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.setenv("FLOWSTUDIO_DATA_DIR", str(tmp_path / "data"))
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.chdir(tmp_path)
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        told = capsys.readouterr()
        return Ended(int(ended.value.code or 0), told.out, told.err)

    yield command
    root.handlers[:] = handlers
    root.setLevel(level)


def written(folder: Path, document: Any, name: str = "workflow.json") -> str:
    path = folder / name
    path.write_text(json.dumps(document))
    return str(path)


def test_help_names_every_command_and_loads_nothing_heavy(run: Run) -> None:
    shown = run("--help").stdout
    for name in "run worker execute import export user api-key migrate rotate-key doctor".split():
        assert f"\n  {name} " in shown
    code = "import sys, flowstudio.cli; print([m for m in ('sqlalchemy', 'fastapi', 'reflex', 'pydantic') if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_people_and_keys_are_looked_after(run: Run) -> None:
    assert "no account yet" in run("api-key", "create", "--name", "x").stderr
    made = run(
        "user", "create", "--email", "ada@example.com", "--role", "owner", "--password-stdin", stdin=PASSWORD
    )
    assert made.stdout == "Created ada@example.com as owner.\n"
    again = run(
        "user", "create", "--email", "eve@example.com", "--role", "owner", "--password-stdin", stdin=PASSWORD
    )
    assert (again.returncode, again.stdout) == (2, "")
    assert "set up already" in again.stderr
    weak = run("user", "create", "--email", "bob@example.com", "--password-stdin", stdin="short")
    assert weak.returncode == 2
    assert "5 characters" in weak.stderr
    run("user", "create", "--email", "bob@example.com", "--password-stdin", stdin=PASSWORD)
    listed = run("user", "list").stdout
    assert "ada@example.com" in listed
    assert "editor" in listed
    key = run("api-key", "create", "--name", "deploy", "--user", "bob@example.com").stdout.strip()
    assert key.startswith("fs_")
    rows = run("api-key", "list").stdout
    assert key not in rows
    assert "deploy" in rows
    assert "bob@example.com" in rows
    id_ = rows.splitlines()[1].split()[0]
    assert run("api-key", "revoke", id_).returncode == 0
    assert run("api-key", "list").stdout == "There is no API key.\n"
    assert run("api-key", "revoke", id_).returncode == 2


def test_a_password_is_set_and_somebody_invited(run: Run, tmp_path: Path) -> None:
    unknown = run("user", "set-password", "--email", "nobody@example.com", "--password-stdin", stdin=PASSWORD)
    assert unknown.returncode == 2
    assert "no account 'nobody@example.com'" in unknown.stderr
    run("user", "create", "--email", "ada@example.com", "--role", "owner", "--password-stdin", stdin=PASSWORD)
    weak = run("user", "set-password", "--email", "ada@example.com", "--password-stdin", stdin="short")
    assert weak.returncode == 2
    new = "another fine password"
    told = run("user", "set-password", "--email", "ada@example.com", "--password-stdin", stdin=new)
    assert told.stdout == (
        "ada@example.com has a new password. Open browsers are signed out within seconds.\n"
    )
    link = run(
        "user", "invite", "--role", "viewer", "--email", "vi@example.com", "--days", "3"
    ).stdout.strip()
    assert run("user", "invite", "--email", "ada@example.com").returncode == 2  # has an account

    async def use() -> None:
        async with opened_accounts() as accounts:
            for password, works in ((PASSWORD, False), (new, True)):
                with contextlib.nullcontext() if works else pytest.raises(Unauthorized):
                    await accounts.sign_in("ada@example.com", password, client="here")
        async with opened_links() as links:
            made = await links.accept(
                link.partition("#")[2], "Vi", "other@example.com", PASSWORD, client="here"
            )
            assert (made.email, made.role) == ("vi@example.com", "viewer")

    assert link.startswith("http://127.0.0.1:8000/join#")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWSTUDIO_DATA_DIR", str(tmp_path / "data"))
        asyncio.run(use())


def test_a_workflow_goes_in_and_comes_out(run: Run, tmp_path: Path) -> None:
    stored = run("import", written(tmp_path, greeting()))
    assert stored.returncode == 0, stored.stderr
    id_ = stored.stdout.split()[-1].rstrip(".")
    out = tmp_path / "out.json"
    there = run("export", id_, "--n8n")
    assert "n8n-nodes-base.manualTrigger" in {node["type"] for node in json.loads(there.stdout)["nodes"]}
    assert run("export", id_, str(out)).returncode == 0
    exported = json.loads(out.read_text())
    assert exported["name"] == "Greeting"
    assert json.loads(run("export", id_).stdout) == exported
    assert run("import", "-", stdin=out.read_text()).returncode == 0
    missing = run("export", "missing")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "missing" in missing.stderr


def test_several_workflows_go_in_and_out_at_once(run: Run, tmp_path: Path) -> None:
    theirs = {"name": "Theirs", "nodes": [{"name": "Go", "type": "n8n-nodes-base.slack", "parameters": {}}]}
    files = [written(tmp_path, greeting()), written(tmp_path, [greeting(), theirs], "list.json")]
    stored = run("import", *files)
    assert (stored.returncode, len(stored.stdout.splitlines())) == (0, 3), stored.stderr
    assert "note: Go: There is no step of the type n8n-nodes-base.slack here." in stored.stderr

    folder = tmp_path / "out"
    assert run("export", "--all", str(folder)).returncode == 0
    assert sorted(file.name for file in folder.iterdir()) == [
        "greeting-2.json",
        "greeting.json",
        "theirs.json",
    ]
    before = {file: file.read_bytes() for file in folder.iterdir()}
    assert run("export", "--all", str(folder)).returncode == 0
    assert {file: file.read_bytes() for file in folder.iterdir()} == before

    (tmp_path / "broken.json").write_text("{")
    refused = run("import", files[0], str(tmp_path / "broken.json"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "broken.json: This text is not complete" in refused.stderr
    assert run("export").returncode == 2


def test_an_execution_prints_everything_as_json(run: Run, tmp_path: Path) -> None:
    done = run("execute", written(tmp_path, greeting()), "--json", "--trigger", '{"name": "Ada"}')
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == "success"
    assert result["nodes"]["Greet"] == {
        "status": "success",
        "outputs": {"main": [{"text": "Hello Ada"}]},
        "error": None,
    }
    assert not (tmp_path / "data").exists()


def test_an_execution_prints_a_table_for_people(run: Run, tmp_path: Path) -> None:
    trigger = written(tmp_path, [{"name": "Ada"}, {"name": "Bob"}], "trigger.json")
    done = run("execute", written(tmp_path, greeting()), "--trigger", f"@{trigger}")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Node", "Status", "Items", "Error"]
    assert lines[2].split() == ["Greet", "success", "main:", "2"]
    assert lines[-1] == "The execution ended with: success"


def test_a_failed_execution_exits_with_1_and_says_why(run: Run, tmp_path: Path) -> None:
    broken = chain(
        node("1", "manual-trigger"),
        node("2", "stop-and-error", "Stop", error_type="message", message="no good"),
    )
    done = run("execute", written(tmp_path, broken), "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert result["status"] == "error"
    assert "no good" in result["nodes"]["Stop"]["error"]["message"]


@pytest.mark.parametrize(
    ("content", "arguments", "culprit"),
    [
        ("{", (), "is not JSON"),
        ('{"nodes": 7}', (), "nodes"),
        ('{"nodes": [{"id": "1", "type": "flux"}]}', (), "flux"),
        (json.dumps(greeting()), ("--trigger", "{"), "--trigger"),
        (json.dumps(greeting()), ("--trigger", "@nowhere.json"), "nowhere.json"),
        (json.dumps(greeting()), ("--node", "Nowhere"), "Nowhere"),
        (json.dumps(greeting()), ("--nonsense",), "--nonsense"),
        (None, (), "cannot be read"),
    ],
)
def test_bad_input_exits_with_2_and_names_the_culprit(
    run: Run, tmp_path: Path, content: str | None, arguments: tuple[str, ...], culprit: str
) -> None:
    file = tmp_path / "bad.json"
    if content is not None:
        file.write_text(content)
    done = run("execute", str(file), "--json", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert culprit in done.stderr
    assert "Traceback" not in done.stderr


def test_a_saved_execution_stays(run: Run, tmp_path: Path) -> None:
    done = run("execute", written(tmp_path, greeting()), "--save", "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "flowstudio.db").exists()


@pytest.mark.slow
def test_the_example_runs_without_a_server(run: Run) -> None:
    done = run("execute", str(ROOT / "examples" / "order-triage.json"), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {state["status"] for state in result["nodes"].values()} <= {"success", "skipped"}


def test_the_database_is_migrated_and_its_key_changed(run: Run, tmp_path: Path) -> None:
    migrated = run("migrate")
    assert migrated.returncode == 0
    assert "flowstudio.db" in migrated.stdout
    before = (tmp_path / "data" / "key").read_text()
    rotated = run("rotate-key")
    assert rotated.returncode == 0
    assert (tmp_path / "data" / "key").read_text() != before
    assert run("user", "list").returncode == 0


def test_the_doctor_is_content_with_a_good_installation(run: Run) -> None:
    run("user", "create", "--email", "ada@example.com", "--role", "owner", "--password-stdin", stdin=PASSWORD)
    healthy = run("doctor", FLOWSTUDIO_PORT="0")
    assert healthy.returncode == 0, healthy.stdout
    assert "Everything is in order." in healthy.stdout
    assert "The owner is ada@example.com" in healthy.stdout


def test_the_doctor_finds_what_is_broken_and_says_how_to_mend_it(run: Run, tmp_path: Path) -> None:
    run("migrate")
    (tmp_path / "data" / "key").unlink()
    (tmp_path / "data").chmod(0o755)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ill = run("doctor", FLOWSTUDIO_PORT=str(taken.getsockname()[1]))
    assert ill.returncode == 1
    for words in ("encryption key", "chmod 700", "cannot be used", "FLOWSTUDIO_PORT", "2 of "):
        assert words in ill.stdout, ill.stdout


def test_a_damaged_database_is_a_finding(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "flowstudio.db").write_bytes(b"no database " * 1000)
    ill = run("doctor", FLOWSTUDIO_PORT="0")
    assert ill.returncode == 1
    assert "backup" in ill.stdout
    assert "Traceback" not in ill.stdout + ill.stderr


def test_a_wrong_setting_is_named(run: Run) -> None:
    done = run("migrate", FLOWSTUDIO_PORT="many")
    assert (done.returncode, done.stdout) == (2, "")
    assert "FLOWSTUDIO_PORT" in done.stderr


def test_a_taken_port_is_named(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("run", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "--port" in done.stderr


def test_a_worker_without_servers_to_work_for_says_what_is_missing(run: Run) -> None:
    done = run("worker")
    assert done.returncode == 2
    assert "FLOWSTUDIO_MODE=scaled" in done.stderr
    done = run("worker", FLOWSTUDIO_MODE="scaled")
    assert done.returncode == 2
    assert "FLOWSTUDIO_DATABASE_URL" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_studio_is_served_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    frontend.build()
    server = subprocess.Popen(
        [sys.executable, "-m", "flowstudio.cli", "run", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path / "data", FLOWSTUDIO_LOG_LEVEL="warning", PYTHONUNBUFFERED="1"),
        cwd=tmp_path,
    )
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        assert first.startswith("FlowStudio "), first
        url = first.split()[-1]
        assert httpx.get(f"{url}/api/health/ready", timeout=60).json()["status"] == "ready"
        assert httpx.get(f"{url}/api/setup", timeout=60).json()["needed"] is True
        assert "<html" in httpx.get(url, follow_redirects=True, timeout=60).text
        assert httpx.get(f"{url}/api/nothing", timeout=60).json()["error"]["code"] == "not_found"
        server.send_signal(signal.SIGTERM)
        rest = server.stdout.read()
        errors = server.communicate(timeout=30)[1]
    finally:
        if server.poll() is None:
            server.kill()
            server.communicate()
    assert server.returncode == 0, errors
    assert str(tmp_path / "data") in rest
    assert "Python" in rest
    assert "Traceback" not in errors
