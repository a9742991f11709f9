"""Answers from documents that come with the run: the workflow as it stands in every tutorial, over REST and in Python."""

from __future__ import annotations

from functools import partial

import httpx

from flowstudio.engine.item import Item
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.run_vault import read_names
from tests.ai.providers.threaded import threaded
from tests.ai.providers.wire import Turn
from tests.api.conftest import Server

BARE = {
    "nodes": [
        {"id": "1", "type": "manual-trigger"},
        {
            "id": "2",
            "type": "question-answer-chain",
            "data": {"properties": {"question": "How long do refunds take?"}},
        },
    ],
    "edges": [{"source": "1", "target": "2"}],
}
DOCUMENTS = {"documents": ["The office opens at nine.", "Refunds take thirty days."]}
KEY = "sk-for-this-run-only"


async def given(runtime: Runtime, execution: str) -> list[Item]:
    return await runtime.executions.last_items(execution)


def test_a_bare_workflow_answers_from_documents_and_cites_its_passages(
    owner: httpx.Client, server: Server
) -> None:
    server.within(lambda runtime: runtime.outbound.use_rules(["127.0.0.1"], []))
    with threaded([Turn(("Thirty days ", "[2]."))]) as model:
        account = {"openai_api_key": KEY, "openai_base_url": f"{model.url}/v1"}
        id_ = owner.post("/api/workflows/", json=BARE).raise_for_status().json()["id"]
        asked = {"trigger_data": DOCUMENTS, "credentials": account, "wait": True}
        execution = owner.post(f"/api/workflows/{id_}/execute/", json=asked).json()["execution"]
        assert execution["status"] == "success", execution

        async def in_python(runtime: Runtime) -> str:
            started = await runtime.executions.execute(
                COMMAND_LINE, id_, DOCUMENTS, secrets=read_names(account)
            )
            await runtime.executions.wait(started, 30)
            return started

        for done in (execution["id"], server.within(in_python)):
            (item,) = server.within(partial(given, execution=done))
            assert item.json["answer"] == "Thirty days [2]."
            (source,) = item.json["sources"]
            assert (source["number"], source["text"]) == (2, "Refunds take thirty days.")
        for request in model.asked:
            assert request.headers["authorization"] == f"Bearer {KEY}"
            question = request.body["messages"][-1]["content"]
            assert "[1] (document 1) The office opens at nine." in question
            assert question.endswith("How long do refunds take?")
    assert len(model.asked) == 2
    server.within(lambda runtime: runtime.outbound.use_rules([], []))
