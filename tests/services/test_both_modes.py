"""One suite on both modes: what a person or a caller sees does not tell whether this process runs executions, or a worker does.

The tests are those of the services themselves; here all of them meet one installation of each mode, one after the other.
Left out is what differs by design: data that is not kept goes at once, or a moment after whoever waits for it has got it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import psycopg
import pytest
import pytest_asyncio

from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.starting import StartRequest
from flowstudio.storage.records import ExecutionFilter
from tests.postgres import PostgresServer
from tests.services import test_chats as chats
from tests.services import test_executions as executions
from tests.services import test_webhooks as webhooks
from tests.services.conftest import Document, chain, edit, node, start_runtime
from tests.services.test_many import PATIENCE, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

Proof: TypeAlias = Callable[[Runtime], Awaitable[None]]

SUITE: tuple[Proof, ...] = (
    executions.test_an_execution_runs_to_its_end_and_keeps_what_each_node_gave,
    executions.test_a_failure_is_told_with_its_node_and_the_rest_is_skipped,
    executions.test_cancelling_stops_a_running_node_at_once,
    executions.test_a_retry_keeps_what_succeeded_and_runs_what_failed,
    executions.test_a_retry_from_a_node_runs_it_and_what_follows_again,
    executions.test_one_node_runs_alone_on_given_items,
    executions.test_one_node_runs_on_what_an_earlier_execution_fed_it,
    executions.test_a_workflow_goes_on_from_a_node_with_what_was_kept_before_it,
    executions.test_a_sub_workflow_gives_its_items_and_its_failure_to_its_caller,
    executions.test_only_finished_executions_are_deleted,
    executions.test_a_retry_from_the_trigger_starts_with_what_the_trigger_brought,
    webhooks.test_a_webhook_that_answers_at_once_names_the_accepted_execution,
    webhooks.test_a_webhook_answers_with_the_last_nodes_items,
    webhooks.test_a_failed_workflow_answers_500_without_its_secrets,
    webhooks.test_a_changed_active_workflow_answers_in_its_new_way_once_it_is_published,
    webhooks.test_test_addresses_answer_once_while_somebody_listens,
    webhooks.test_whoever_listens_is_told_the_execution_as_soon_as_it_has_started,
    webhooks.test_a_call_wakes_a_waiting_execution_with_its_data_once,
    webhooks.test_calls_that_come_at_once_after_switching_on_all_find_the_webhook,
    chats.test_words_come_as_the_model_writes_them_and_are_kept,
    chats.test_whoever_comes_later_reads_what_was_written_before,
    chats.test_a_message_that_is_said_anew_makes_agents_forget_what_it_replaces,
)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["embedded", pytest.param("scaled", marks=pytest.mark.postgres)],
)
async def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runtime]:
    """An embedded process on SQLite, or a server beside a worker on PostgreSQL: whatever is asked for is asked of this."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        alone = await start_runtime(folder, allow_hosts="127.0.0.1")
        yield alone
        await alone.stop()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("CREATE DATABASE both_modes")
    house = House(folder, server.url("both_modes"))
    web = await house.start(allow_hosts="127.0.0.1")
    await house.start(worker=True, allow_hosts="127.0.0.1")
    yield web
    await house.end()


@pytest_asyncio.fixture(loop_scope="module")
async def runtime(installation: Runtime) -> AsyncIterator[Runtime]:
    """The same installation for each test; what a test has switched on is off afterwards."""
    yield installation
    switched_on, _ = await installation.workflows.page(COMMAND_LINE, active=True)
    for workflow in switched_on:
        await installation.workflows.deactivate(COMMAND_LINE, workflow["id"])


@pytest.mark.parametrize("proof", SUITE, ids=lambda proof: proof.__name__.removeprefix("test_"))
async def test_it_is_the_same_in_both_modes(runtime: Runtime, proof: Proof) -> None:
    await proof(runtime)


async def test_a_failure_starts_the_error_workflow_in_both_modes(runtime: Runtime) -> None:
    said = edit("note", said="={{ $json.execution.error.message }}")
    await executions.create(runtime, chain(node("start", "manual-trigger"), said), "alarm")
    stop = node("stop", "stop-and-error", message="On fire")
    document = chain(node("start", "manual-trigger"), stop, settings={"error_workflow": "alarm"})
    workflow = await executions.create(runtime, document)
    failed = await runtime.executions.start(StartRequest(workflow=workflow, mode="webhook"))
    found: list[Document] = []
    async with asyncio.timeout(PATIENCE):
        while not found:
            found, _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter(workflow_id="alarm"))
            await asyncio.sleep(0.02)
    assert await runtime.executions.wait(found[0]["id"], PATIENCE) is not None
    view = await runtime.views.get(COMMAND_LINE, found[0]["id"])
    assert (view["mode"], view["parent_id"], view["status"]) == ("error", failed, "success")
    assert (await executions.outputs(runtime, view, "note"))[0]["said"] == "On fire"
