"""Many processes on one PostgreSQL: servers without a runner, workers without pages, and nothing in common but the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from flowstudio.config import load_settings
from flowstudio.engine.clock import now
from flowstudio.engine.events import ErrorInfo, ExecutionFinished, ExecutionStarted
from flowstudio.engine.item import Item
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.workflow import dump_workflow, load_workflow
from flowstudio.errors import ConfigurationError, RateLimited, Unauthorized
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.starting import StartRequest
from flowstudio.services.turns import Message
from flowstudio.storage.codec import encode
from flowstudio.storage.processes import note
from flowstudio.storage.records import ChatThread, ChatTurn, NewExecution, Snapshot
from flowstudio.storage.tables import outcomes
from flowstudio.storage.vault import new_key
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Hang, Turn, Wire
from tests.services.conftest import chain, edit, node
from tests.services.test_chats import assistant
from tests.services.test_webhooks import call, parsed, publish
from tests.storage.s3 import serving

PATIENCE = 60


@dataclass
class House:
    """The processes of one installation, all within the test's."""

    folder: Path
    database: str
    open: list[Runtime] = field(default_factory=list)

    async def start(self, *, worker: bool = False, **settings: object) -> Runtime:
        """One more process."""
        given = {"data_dir": self.folder, "port": 1, "mode": "scaled", "database_url": self.database}
        runtime = Runtime(load_settings(**given | settings), worker=worker)
        await runtime.start()
        self.open.append(runtime)
        return runtime

    async def stop(self, runtime: Runtime) -> None:
        """One process less."""
        self.open.remove(runtime)
        await runtime.stop()

    async def end(self) -> None:
        """All of them."""
        for runtime in reversed(self.open):
            await runtime.stop()


@pytest.fixture
async def house(tmp_path: Path, migrated_database: str) -> AsyncIterator[House]:
    made = House(tmp_path / "data", migrated_database)
    yield made
    await made.end()


async def ended(runtime: Runtime, execution: str) -> str:
    """How an execution came to its end, as this process sees it."""
    rest = await runtime.executions.wait(execution, PATIENCE)
    assert rest is not None, "it did not end"
    assert rest.status != "error", rest.error
    return rest.status


async def until_running(runtime: Runtime, execution: str, step: str) -> None:
    """Wait until a browser at this process would see that a step runs."""
    async for change in runtime.views.watch(COMMAND_LINE, execution):
        nodes = change.data.get("node_states") or change.data.get("nodes") or {}
        if nodes.get(step, {}).get("status") == "running":
            return
    raise AssertionError(f"it ended before '{step}' ran")


@pytest.mark.postgres
async def test_it_makes_no_difference_which_process_is_asked(house: House) -> None:
    here, there = await house.start(), await house.start()
    await house.start(worker=True)
    await house.start(worker=True)
    me = COMMAND_LINE

    # An answer that a worker gives reaches the server that was called, for a webhook that another one switched on.
    document = chain(
        node("in", "webhook", path="orders/:id", method="POST", respond="respond-node"),
        edit("a", x="={{ $json.params.id }}"),
        node("out", "respond-to-webhook", respond_with="json", json='={ "id": "{{ $json.x }}" }'),
    )
    await publish(here, document)
    async with asyncio.timeout(PATIENCE):
        while not (await there.webhooks._settled()).methods("orders/7"):  # noqa: ASYNC110  # heard of by message
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*(call(there, f"orders/{n}", {}) for n in range(10)))
    assert [parsed(answer) for answer in answers] == [{"id": str(n)} for n in range(10)]

    # What is not kept still reaches who waits for it; a workflow that is called runs where its caller does.
    inner = await here.workflows.create(
        me, chain(node("start", "manual-trigger"), edit("b", y="={{ $json.x + '!' }}"), name="Inner")
    )
    outer = await there.workflows.create(
        me,
        chain(
            node("start", "manual-trigger"),
            edit("a", x="called"),
            node("call", "execute-workflow", workflow=inner.record.id),
            settings={"save_success": "none"},
        ),
    )
    execution = await there.executions.execute(me, outer.record.id)
    assert await ended(there, execution) == "success"
    assert [item.json["y"] for item in await there.executions.last_items(execution)] == ["called!"]

    # Whoever watches sees each status, and anybody can cancel.
    slow = chain(
        node("start", "manual-trigger"), node("pause", "wait", resume="after_time", amount=60, unit="seconds")
    )
    workflow = await here.workflows.create(me, slow)
    execution = await here.executions.execute(me, workflow.record.id)
    async with asyncio.timeout(PATIENCE):
        await until_running(there, execution, "pause")
    late = await house.start()  # such as one that was restarted meanwhile
    async with asyncio.timeout(PATIENCE):
        await until_running(late, execution, "pause")
    await there.executions.cancel(me, execution)
    assert await ended(here, execution) == "cancelled"

    # A workflow's limit holds across all of them.
    workflow = await here.workflows.create(
        me,
        chain(
            node("start", "manual-trigger"), edit("a", x="1"), settings={"concurrency": 1, "queue": "bulk"}
        ),
    )
    executions = [
        await server.executions.start(StartRequest(workflow=workflow, mode="api", items=[Item({})]))
        for server in (here, there, here, there, here, there)
    ]
    assert [await ended(here, execution) for execution in executions] == ["success"] * 6
    assert set((await here.storage.executions.queues_of(executions)).values()) == {"bulk"}
    found = [await here.storage.executions.get(execution) for execution in executions]
    spans = sorted(
        (one.started_at, one.finished_at) for one in found if one and one.started_at and one.finished_at
    )
    assert len(spans) == 6
    assert all(before[1] <= after[0] for before, after in pairwise(spans))

    # Listening and editing: whoever does it here is heard there.
    workflow = await here.workflows.create(
        me, chain(node("in", "webhook", path="try", method="POST", respond="immediately"), edit("a", x="1"))
    )
    id_ = workflow.record.id
    await there.workflows.load(id_)
    await here.webhooks.listen(me, id_)
    heard = asyncio.create_task(there.webhooks.wait_for_call(me, id_, PATIENCE))
    execution = parsed(await call(here, "try", {}, test=True))["execution_id"]
    assert await heard == (execution, False)

    watching = there.editing.watch(me, id_, since=workflow.record.version, client="other")
    assert (await anext(watching)).kind in ("state", "people")
    await here.editing.apply(
        me, id_, "this", [{"id": "b1", "operations": [{"kind": "move", "to": {"a": {"x": 7, "y": 7}}}]}]
    )
    async with asyncio.timeout(PATIENCE):
        async for message in watching:
            if message.kind == "batch":
                break
    assert message.version == workflow.record.version + 1
    assert (await there.workflows.load(id_)).document.nodes[1].position.x == 7
    await watching.aclose()


@pytest.mark.postgres
async def test_a_worker_that_is_stopped_hands_over_and_no_step_that_was_done_runs_again(house: House) -> None:
    server = await house.start()
    first = await house.start(worker=True)
    document = chain(
        node("start", "manual-trigger"),
        edit("a", x="={{ $now.toISO() }}"),
        node("pause", "wait", resume="after_time", amount=2, unit="seconds"),
        edit("b", y="={{ $json.x }}"),
    )
    workflow = await server.workflows.create(COMMAND_LINE, document)
    execution = await server.executions.execute(COMMAND_LINE, workflow.record.id)
    subscription = server.bus.subscribe(execution)
    async with asyncio.timeout(PATIENCE):
        await until_running(server, execution, "pause")
    await house.stop(first)
    await house.start(worker=True)
    assert await ended(server, execution) == "success"
    runs = await server.storage.executions.node_runs(execution)
    done = [run.node for run in runs if run.status == "success"]
    assert sorted(done) == ["a", "b", "pause", "start"]
    told = subscription.drain()
    assert [event for event in told if isinstance(event, ExecutionStarted)][-1].resumed
    assert [event.status for event in told if isinstance(event, ExecutionFinished)] == ["success"]


@pytest.mark.postgres
async def test_a_process_that_does_not_belong_to_the_others_does_not_start(
    house: House, tmp_path: Path
) -> None:
    await house.start()
    with pytest.raises(ConfigurationError, match="need the encryption key with the fingerprint"):
        await house.start(worker=True, encryption_key=new_key())
    with pytest.raises(ConfigurationError, match="not the one that the other processes"):
        await house.start(worker=True, files_dir=tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="needs PostgreSQL"):
        await house.start(database_url=None, data_dir=tmp_path / "other")


@pytest.mark.postgres
async def test_processes_share_files_through_a_bucket_and_nothing_else(house: House, tmp_path: Path) -> None:
    with serving() as s3:
        common = {"encryption_key": new_key(), **s3.settings()}
        server = await house.start(data_dir=tmp_path / "one", **common)
        await house.start(worker=True, data_dir=tmp_path / "two", **common)
        with pytest.raises(ConfigurationError, match="not the one that the other processes"):
            await house.start(worker=True, data_dir=tmp_path / "three", **common | s3.settings("elsewhere"))
        document = chain(
            node("start", "manual-trigger"),
            node("read", "extract-from-file", format="text"),
            edit("change", data="={{ $json.data.toUpperCase() }}"),
            node("write", "convert-to-file", format="text"),
        )
        file = await server.storage.binaries.put(b"a letter", mime_type="text/plain", file_name="a.txt")
        workflow = await server.workflows.load(
            (await server.workflows.create(COMMAND_LINE, document)).record.id
        )
        execution = await server.executions.start(
            StartRequest(workflow=workflow, mode="manual", items=[Item({}, {"data": file})])
        )
        assert await ended(server, execution) == "success"
        made = await server.views.file(COMMAND_LINE, execution, "write", 0, "data")
        pieces = [piece async for piece in await server.storage.binaries.chunks(made)]
        assert b"".join(pieces) == b"A LETTER"
        assert len(s3.objects) == 3  # both files, and what says which bucket it is
        assert not any((tmp_path / each / "binaries").exists() for each in ("one", "two"))
        await house.end()
        house.open.clear()


@pytest.mark.postgres
async def test_limits_hold_for_all_servers_together(house: House) -> None:
    here, there = await house.start(), await house.start()
    await here.accounts.create_owner("Ada", "ada@example.com", "correct horse battery")
    for server in (here, there, here, there, here):
        with pytest.raises(Unauthorized):
            await server.accounts.sign_in("ada@example.com", "wrong", client="1.2.3.4")
    for server in (here, there):
        with pytest.raises(RateLimited):
            await server.accounts.sign_in("ada@example.com", "correct horse battery", client="1.2.3.4")
    assert await there.accounts.sign_in("ada@example.com", "correct horse battery", client="5.6.7.8")

    hook = node("in", "webhook", path="limited", method="POST", rate_limit=3)
    await publish(here, chain(hook, edit("a", x="1")))
    async with asyncio.timeout(PATIENCE):
        while not (await there.webhooks._settled()).methods("limited"):  # noqa: ASYNC110  # heard of by message
            await asyncio.sleep(0.01)
    statuses: list[int | str] = []
    for server in (here, there, here, there):
        try:
            statuses.append((await call(server, "limited", {})).status)
        except RateLimited as error:
            statuses.append(error.message.partition(".")[0])
    assert statuses == [200, 200, 200, "This webhook takes 3 calls a minute"]


@pytest.mark.postgres
async def test_no_more_than_allowed_run_at_the_same_time_in_all_processes_together(house: House) -> None:
    here, there = [await house.start(concurrency_total=2) for _ in range(2)]
    executions = []
    for server in (here, there, here, there, here, there):
        document = chain(
            node("start", "manual-trigger"),
            node("pause", "wait", resume="after_time", amount=0.1, unit="seconds"),
        )
        workflow = await server.workflows.create(COMMAND_LINE, document)
        executions.append(
            await server.executions.start(StartRequest(workflow=workflow, mode="api", items=[Item({})]))
        )
    stores = [server.storage.executions for server in (here, there, here, there, here, there)]
    claims = await asyncio.gather(
        *(store.claim(id_, "somebody", 30) for store, id_ in zip(stores, executions, strict=True))
    )
    taken = [id_ for id_, claim in zip(executions, claims, strict=True) if claim is not None]
    assert len(taken) == 2
    assert await stores[0].admit_any() == []
    assert await stores[0].release("somebody") == 2
    assert await stores[0].claim(taken[0], "somebody", 30) is not None, "it has its slot still"
    await stores[0].release("somebody")

    for _ in range(2):
        await house.start(worker=True, concurrency_total=2)
    assert [await ended(here, execution) for execution in executions] == ["success"] * 6
    found = [await here.storage.executions.get(execution) for execution in executions]
    moments = sorted(
        moment
        for one in found
        if one and one.started_at and one.finished_at and one.id not in taken
        for moment in ((one.started_at, 1), (one.finished_at, -1))
    )
    assert len(moments) == 8
    assert max(accumulate(change for _, change in moments)) <= 2


@pytest.mark.postgres
async def test_what_is_being_written_is_read_to_the_end_though_the_server_is_replaced(house: House) -> None:
    words = ("Once ", "upon ", "a ", "time")
    async with Wire(OpenAISpeaker(), [Hang(Turn(words), pieces=3)]) as model:
        here = await house.start(allow_hosts="127.0.0.1")
        worker = await house.start(worker=True, allow_hosts="127.0.0.1")
        workflow = await assistant(here, model)
        thread, turn = await here.chats.send(
            COMMAND_LINE, workflow, Message(text="A tale", session="s"), draft=True
        )
        assert await written(here, thread, turn, "Once upon ") == "Once upon "
        await house.stop(here)

        there = await house.start(allow_hosts="127.0.0.1")
        assert await written(there, thread, turn, "Once upon ") == "Once upon "
        assert await written(there, thread, turn, "Once upon ") == "Once upon "
        await there.chats.hush(workflow, "s")
        assert worker.runner.live.doings(turn.execution_id).events() == []


async def written(runtime: Runtime, thread: ChatThread, turn: ChatTurn, wanted: str) -> str:
    """What a browser at this process reads of an answer, until it is at least this long."""
    heard = ""
    async with asyncio.timeout(PATIENCE), aclosing(runtime.chats.listen(thread, turn)) as told:
        async for said in told:
            match said.kind:
                case "turn":
                    heard = said.data["turn"]["live"]
                case "discard":
                    heard = ""
                case "text":
                    heard += said.data["text"]
            if len(heard) >= len(wanted):
                break
    return heard


@pytest.mark.postgres
async def test_a_log_of_a_newer_version_is_left_for_a_newer_process(house: House) -> None:
    server = await house.start()
    storage = server.storage
    failed = Outcome(
        node="start", status="error", error=ErrorInfo("odd", "Odd."), started_at=now(), finished_at=now()
    )
    document = chain(node("start", "manual-trigger"), edit("a", x="1"))
    forms = {
        "unknown form": b"?",
        "unknown field": encode({"error": {"code": "odd", "message": "", "new": 1}}),
    }
    created = {}
    for name in forms:
        made = await storage.executions.create(
            NewExecution(
                document=Snapshot.of(dump_workflow(load_workflow(document))),
                mode="api",
                start_node="start",
                start_items=[Item({})],
                outcomes=[failed],
            )
        )
        created[name] = made.id
    newer = {"name": "newer", "kind": "worker", "version": "999.0", "host": "h", "pid": 1, "queues": "bulk"}

    def write(connection: Connection) -> None:
        for name, detail in forms.items():
            of_it = outcomes.c.execution_id == created[name]
            connection.execute(update(outcomes).where(of_it).values(detail=detail))
        note(connection, newer | {"capacity": 1, "running": 0})

    await storage.database.write(write)

    await house.start(worker=True)
    async with asyncio.timeout(PATIENCE):
        for name, id_ in created.items():
            stored = None
            while stored is None or not stored.fence or stored.owner is not None:
                stored = await storage.executions.load(id_)
                await asyncio.sleep(0.01)
            assert stored.status == "running", name
            assert await storage.executions.claim(id_, "newer", 30) is not None


@pytest.mark.postgres
async def test_a_step_that_failed_while_its_worker_stood_still_is_taken_up_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, worker = await house.start(), await house.start(worker=True)
    answers = [True]
    monkeypatch.setattr(worker.runner.standstill, "since", lambda at: bool(answers and answers.pop()))
    document = chain(node("start", "manual-trigger"), node("stop", "stop-and-error", message="On fire"))
    workflow = await server.workflows.create(COMMAND_LINE, document)
    execution = await server.executions.execute(COMMAND_LINE, workflow.record.id)
    rest = await server.executions.wait(execution, PATIENCE)
    assert rest is not None
    assert rest.status == "error"
    stored = await server.storage.executions.load(execution)
    assert stored is not None
    assert (stored.fence, answers) == (2, [])
