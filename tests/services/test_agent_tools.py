"""Steps that write somewhere else, as tools of an agent: a spreadsheet and a database on loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowstudio.outbound.oauth import Grant
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Hang, Turn, Wire
from tests.nodes.databases.door import opened
from tests.nodes.google.spreadsheets import TOKEN, Spreadsheets
from tests.outbound.server import serving
from tests.postgres import PostgresServer
from tests.services.conftest import start_runtime
from tests.services.test_agents import agent, execute, finished, secrets

me = COMMAND_LINE


async def google_account(runtime: Runtime, base_url: str) -> str:
    """An account that somebody has signed in with."""
    values = {"client_id": "c", "client_secret": "a secret", "base_url": base_url}
    made = await runtime.credentials.create(me, "Google", "google-oauth2", values)
    grant = Grant(TOKEN, "renewal", datetime.now(UTC) + timedelta(hours=1))
    id_ = str(made["id"])
    record = await runtime.storage.credentials.get(id_)
    assert record is not None
    assert await runtime.tokens.keep(id_, grant, unchanged_since=record.updated_at)
    return id_


def tool(id_: str, type_: str, label: str, account: str, **properties: Any) -> dict[str, Any]:
    data = {"label": label, "properties": properties, "credentials": {"account": account}}
    return {"id": id_, "type": type_, "data": data}


@pytest.mark.postgres
async def test_an_agent_looks_into_a_database_and_writes_into_a_sheet(
    tmp_path: Path, postgres_server: PostgresServer, postgres_database: str
) -> None:
    drive = Spreadsheets({"d1": {"Orders": [["customer", "total"]]}})
    turns: list[Behaviour] = [
        Turn(calls=(("Look_up", {"who": "Ada' OR true --"}), ("Look_up", {"who": "Ada"}))),
        Turn(calls=(("Note", {"customer": "Ada", "total": 19.5}), ("Note", {"customer": "Bob", "total": 3}))),
        Turn(("Noted.",)),
    ]
    async with (
        opened(postgres_server, postgres_database) as door,
        serving(drive.answer) as google,
        Wire(OpenAISpeaker(), turns) as server,
    ):
        runtime = await start_runtime(tmp_path / "data", allow_hosts="127.0.0.1")
        values = {name: value for name, value in door.account.items() if name not in ("type", "id")}
        database = await runtime.credentials.create(me, "Shop", "postgresql", values)
        lookup = tool(
            "d",
            "postgres",
            "Look up",
            database["id"],
            query="SELECT sum(total) AS total FROM orders WHERE customer = $1",
            parameters=[{"value": "={{ $fromAI('who', 'The customer', 'string') }}"}],
            read_only=True,
        )
        note = tool(
            "g",
            "google-sheets",
            "Note",
            await google_account(runtime, google.url("")),
            operation="append",
            document="d1",
            sheet="Orders",
            mapping="fields",
            fields=[
                {"column": "customer", "value": "={{ $fromAI('customer') }}"},
                {"column": "total", "value": "={{ $fromAI('total', '', 'number') }}"},
            ],
        )
        document = agent(lookup, note, edges=(("d", "a", "tools"), ("g", "a", "tools")), steps=True)
        rest = await finished(runtime, await execute(runtime, document, secrets=secrets(server)))
        assert rest.status == "success", rest.error
        heard = [server.speaker.heard(asked) for asked in server.asked]
        await runtime.stop()
    answers = [text for role, text in heard[1].said if role == "tool"]
    assert answers == ['call_0: {"total": null}', 'call_1: {"total": 19.5}']
    assert sorted(drive.documents["d1"]["Orders"][1:]) == [["Ada", 19.5], ["Bob", 3]]


async def test_an_agent_that_may_add_rows_is_not_run_again_after_a_crash_without_being_asked(
    tmp_path: Path,
) -> None:
    """The server dies while the agent waits for its model, having added a row: the row must not come twice."""
    drive = Spreadsheets({"d1": {"Orders": [["customer"]]}})
    turns: list[Behaviour] = [Turn(calls=(("Note", {"customer": "Ada"}),)), Hang()]
    async with serving(drive.answer) as google, Wire(OpenAISpeaker(), turns) as server:
        runtime = await start_runtime(tmp_path / "data", allow_hosts="127.0.0.1")
        note = tool(
            "g",
            "google-sheets",
            "Note",
            await google_account(runtime, google.url("")),
            operation="append",
            document="d1",
            sheet="Orders",
            mapping="fields",
            fields=[{"column": "customer", "value": "={{ $fromAI('customer') }}"}],
        )
        document = agent(note, edges=(("g", "a", "tools"),))
        execution = await execute(runtime, document, secrets=secrets(server))
        await server.reached.wait()
        assert drive.documents["d1"]["Orders"][1:] == [["Ada"]]
        await runtime.stop()  # what runs is left as a crash leaves it
        runtime = await start_runtime(tmp_path / "data", allow_hosts="127.0.0.1")
        rest = await finished(runtime, execution)
        assert rest.status == "error"
        assert rest.error.code == "interrupted"
        assert "'Agent' was running when the server stopped" in rest.error.message
        assert drive.documents["d1"]["Orders"][1:] == [["Ada"]]
        await runtime.stop()
