"""Steps of n8n that talk to the outside, executed against services on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.commands.execute import execute_document
from flowstudio.engine.workflow import dump_workflow
from flowstudio.interop import read_documents
from flowstudio.interop.n8n import write_n8n
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.interop.n8n.test_rounds import code, step, workflow
from tests.outbound.server import LoopbackServer, Received, Reply, serving
from tests.services.conftest import start_runtime

pytestmark = pytest.mark.asyncio(loop_scope="session")


def service(request: Received) -> Reply:
    """What several services of the internet would say."""
    match request.path:
        case "/echo":
            told = {"method": request.method, "query": request.query, "body": request.body.decode()}
            kept = ("x-a", "content-type", "authorization")
            return Reply(
                body={
                    **told,
                    "headers": {name: request.header(name) for name in kept if request.header(name)},
                }
            )
        case "/list":
            return Reply(body=[{"n": 1}, {"n": 2}])
        case "/text":
            return Reply(body="plain", headers=[("Content-Type", "text/plain"), ("X-Kind", "t")])
        case "/next":
            page = int(dict(request.query).get("page", 1))
            onward = f"http://{request.header('host')}/next?page={page + 1}" if page < 3 else None
            return Reply(body={"rows": [page], "next": onward})
        case "/pages":
            page = int(dict(request.query)["page"])
            return Reply(body={"rows": [page] if page < 4 else []})
        case "/csv":
            return Reply(body="id,name\n1,Ada\n", headers=[("Content-Type", "text/csv")])
        case "/gone":
            return Reply(404, body={"why": "gone"})
        case "/graphql":
            return Reply(
                body={"data": {"asked": request.json["query"], "id": request.json["variables"]["id"]}}
            )
    return Reply(500)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Runtime, LoopbackServer]]:
    """A studio that may call loopback, and the services there."""
    runtime = await start_runtime(tmp_path_factory.mktemp("outside"), allow_hosts="127.0.0.1")
    async with serving(service) as server:
        yield runtime, server
    await runtime.stop()


def bare(text: str) -> dict[str, Any]:
    return {"method": "GET", "query": [], "body": text, "headers": {}}


def pairs(**values: Any) -> dict[str, Any]:
    return {"parameters": [{"name": name, "value": value} for name, value in values.items()]}


def paging(**how: Any) -> dict[str, Any]:
    return {"pagination": {"pagination": how}}


def requests(url: Any) -> dict[str, tuple[dict[str, Any], Any]]:
    """Each step with what it gives, or its first item where the test looks at that alone."""
    old = {"parameter": [{"name": "q", "value": "x y"}]}
    return {
        "Old": (
            step("Old", "httpRequest", 1, url=url("/echo"), queryParametersUi=old, options={}),
            [bare("") | {"query": [["q", "x y"]]}],
        ),
        "Old form": (
            step(
                "Old form",
                "httpRequest",
                2,
                requestMethod="POST",
                url=url("/echo"),
                bodyParametersUi={"parameter": [{"name": "a", "value": "1"}]},
                headerParametersUi={"parameter": [{"name": "X-A", "value": "h"}]},
                options={"bodyContentType": "form-urlencoded"},
            ),
            [
                bare("a=1")
                | {
                    "method": "POST",
                    "headers": {"x-a": "h", "content-type": "application/x-www-form-urlencoded"},
                }
            ],
        ),
        "Old JSON": (
            step(
                "Old JSON",
                "httpRequest",
                2,
                requestMethod="PUT",
                url=url("/echo"),
                jsonParameters=True,
                bodyParametersJson='={"n": {{ $json.n }}}',
                options={"fullResponse": True},
            ),
            lambda rows: (rows[0]["statusCode"], json.loads(rows[0]["body"]["body"])) == (200, {"n": 7}),
        ),
        "Query": (
            step(
                "Query",
                "httpRequest",
                4.2,
                url=url("/echo"),
                sendQuery=True,
                queryParameters=pairs(a="={{ $json.n }}", b="x&y"),
                options={},
            ),
            [bare("") | {"query": [["a", "7"], ["b", "x&y"]]}],
        ),
        "Body": (
            step(
                "Body",
                "httpRequest",
                4.1,
                method="POST",
                url=url("/echo"),
                sendBody=True,
                specifyBody="json",
                jsonBody="={{ { n: $json.n, list: [1] } }}",
                options={},
            ),
            lambda rows: json.loads(rows[0]["body"]) == {"n": 7, "list": [1]},
        ),
        "List": (step("List", "httpRequest", 3, url=url("/list"), options={}), [{"n": 1}, {"n": 2}]),
        "Text": (
            step(
                "Text",
                "httpRequest",
                4.2,
                url=url("/text"),
                options={"response": {"response": {"responseFormat": "text", "outputPropertyName": "said"}}},
            ),
            [{"said": "plain"}],
        ),
        "Whole": (
            step(
                "Whole",
                "httpRequest",
                4.2,
                url=url("/text"),
                options={"response": {"response": {"fullResponse": True}}},
            ),
            lambda rows: (
                (rows[0]["statusCode"], rows[0]["headers"]["x-kind"], rows[0]["data"]) == (200, "t", "plain")
            ),
        ),
        "Next": (
            step(
                "Next",
                "httpRequest",
                4.2,
                url=url("/next"),
                options=paging(
                    paginationMode="responseContainsNextURL",
                    nextURL="={{ $response.body.next }}",
                    paginationCompleteWhen="other",
                    completeExpression="={{ !$response.body.next }}",
                ),
            ),
            lambda rows: [row["rows"] for row in rows] == [[1], [2], [3]],
        ),
        "Pages": (
            step(
                "Pages",
                "httpRequest",
                4.2,
                url=url("/pages"),
                options=paging(
                    parameters={"parameters": [{"name": "page", "value": "={{ $pageCount + 1 }}"}]},
                    paginationMode="updateAParameterInEachRequest",
                    paginationCompleteWhen="other",
                    completeExpression="={{ $response.body.rows.length === 0 }}",
                    limitPagesFetched=True,
                    maxRequests=9,
                ),
            ),
            lambda rows: [row["rows"] for row in rows] == [[1], [2], [3], []],
        ),
        "Forgiven": (
            step(
                "Forgiven",
                "httpRequest",
                4.2,
                url=url("/gone"),
                options={"response": {"response": {"neverError": True}}},
            ),
            [{"why": "gone"}],
        ),
        "GraphQL": (
            step(
                "GraphQL",
                "graphql",
                1,
                endpoint=url("/graphql"),
                requestFormat="json",
                query="query q($id: ID) { row(id: $id) }",
                variables="={{ JSON.stringify({ id: $json.n }) }}",
            ),
            [{"data": {"asked": "query q($id: ID) { row(id: $id) }", "id": 7}}],
        ),
    }


async def test_requests_of_every_version_ask_and_understand_as_they_do_there(
    outside: tuple[Runtime, LoopbackServer],
) -> None:
    studio, server = outside
    wanted = requests(server.url)
    read = step("Read", "extractFromFile", 1, options={})
    file = step(
        "File",
        "httpRequest",
        4.2,
        url=server.url("/csv"),
        options={"response": {"response": {"responseFormat": "file"}}},
    )
    failing = {
        **step("Fails", "httpRequest", 4.2, url=server.url("/gone"), options={}),
        "onError": "continueErrorOutput",
    }
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Row", "return [{ n: 7 }]"),
            *(node for node, _ in wanted.values()),
            file,
            read,
            failing,
            step("Caught", "noOp"),
        ],
        Start=[["Row"]],
        Row=[[*wanted, "File", "Fails"]],
        File=[["Read"]],
        Fails=[[], ["Caught"]],
    )
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert [verdict for verdict in found.report if verdict.fate != "imported"] == []
    assert write_n8n(found.document, studio.registry).document == raw
    result = await execute_document(studio, raw)
    assert result["status"] == "success", result["error"]
    gave = {
        name: [row for rows in state["outputs"].values() for row in rows]
        for name, state in result["nodes"].items()
    }
    for name, (_, expected) in wanted.items():
        assert expected(gave[name]) if callable(expected) else gave[name] == expected, (name, gave[name])
    assert gave["Read"] == [{"id": "1", "name": "Ada"}]
    [caught] = gave["Caught"]
    assert "404" in caught["error"]
    assert caught["n"] == 7


async def test_a_called_workflow_gives_its_last_items(studio: Runtime) -> None:
    called = workflow(
        [
            step(
                "Called",
                "executeWorkflowTrigger",
                1.1,
                workflowInputs={"values": [{"name": "n", "type": "number"}]},
            ),
            code("Double", "return $input.all().map(i => ({ n: i.json.n * 2 }))"),
        ],
        Called=[["Double"]],
    )
    (found,) = read_documents(json.dumps(called), studio.registry)
    made = await studio.workflows.create(COMMAND_LINE, dump_workflow(found.document))
    await studio.workflows.publish(COMMAND_LINE, made.record.id)
    chosen = {"__rl": True, "mode": "list", "value": "there", "cachedResultName": "Rounds"}
    calling = workflow(
        [
            step("Start", "manualTrigger"),
            code("Rows", "return [{ n: 1, x: 'kept out' }, { n: 2 }]"),
            step("Call", "executeWorkflow", 1.2, workflowId=chosen, mode="each", options={}),
        ],
        Start=[["Rows"]],
        Rows=[["Call"]],
    )
    (found,) = read_documents(json.dumps(calling), studio.registry)
    document = dump_workflow(found.document)
    next(node for node in document["nodes"] if node["type"] == "execute-workflow")["data"]["properties"][
        "workflow"
    ] = made.record.id
    result = await execute_document(studio, document)
    assert result["nodes"]["Call"]["outputs"] == {"main": [{"n": 2}, {"n": 4}]}


async def test_a_workflow_that_stands_in_a_step_runs(studio: Runtime) -> None:
    inner = workflow(
        [
            step("Called", "executeWorkflowTrigger", 1, events=[]),
            code("Double", "return $input.all().map(i => ({ n: i.json.n * 2 }))"),
        ],
        Called=[["Double"]],
    )
    own = {"source": "parameter", "workflowJson": json.dumps(inner), "options": {}}
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Rows", "return [{ n: 1 }, { n: 2 }]"),
            step("Call", "executeWorkflow", 1.2, **own),
        ],
        Start=[["Rows"]],
        Rows=[["Call"]],
    )
    (found,) = read_documents(json.dumps(raw), studio.registry)
    assert [verdict for verdict in found.report if verdict.fate != "imported"] == []
    assert write_n8n(found.document, studio.registry).document == raw
    result = await execute_document(studio, raw)
    assert result["nodes"]["Call"]["outputs"] == {"main": [{"n": 2}, {"n": 4}]}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"errorMessage": "=No {{ $json.what }}"}, "No stock"),
        (
            {"errorType": "errorObject", "errorObject": '={"message": "Out of {{ $json.what }}"}'},
            "Out of stock",
        ),
    ],
)
async def test_stop_and_error_stops_with_its_message(
    studio: Runtime, parameters: dict[str, Any], said: str
) -> None:
    raw = workflow(
        [
            step("Start", "manualTrigger"),
            code("Row", "return [{ what: 'stock' }]"),
            step("Stop", "stopAndError", 1, **parameters),
            step("Never", "noOp"),
        ],
        Start=[["Row"]],
        Row=[["Stop"]],
        Stop=[["Never"]],
    )
    result = await execute_document(studio, raw)
    assert result["status"] == "error"
    assert said in result["nodes"]["Stop"]["error"]["message"]
    assert not result["nodes"].get("Never", {}).get("outputs")


@pytest.mark.parametrize(
    ("type_", "version", "parameters"),
    [
        ("scheduleTrigger", 1.2, {"rule": {"interval": [{"field": "hours", "hoursInterval": 2}]}}),
        ("cron", 1, {"triggerTimes": {"item": [{"mode": "everyWeek", "hour": 7, "weekday": "1"}]}}),
        ("interval", 1, {"unit": "minutes", "interval": 5}),
    ],
)
async def test_clocks_tell_the_time_as_theirs_do(
    studio: Runtime, type_: str, version: float, parameters: dict[str, Any]
) -> None:
    raw = workflow([step("Clock", type_, version, **parameters), step("End", "noOp")], Clock=[["End"]])
    result = await execute_document(studio, raw)
    [row] = result["nodes"]["End"]["outputs"]["main"]
    if type_ == "scheduleTrigger":
        assert {
            "timestamp",
            "Readable date",
            "Readable time",
            "Day of week",
            "Year",
            "Month",
            "Day of month",
            "Hour",
        } <= row.keys()
    else:
        assert isinstance(row, dict)
