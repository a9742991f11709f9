from __future__ import annotations

import hmac
import http.client
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowstudio.api.webhooks import encoded
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Turn, Wire
from tests.api.conftest import Server, chain, node, running

Store = Callable[[dict[str, Any]], str]

_numbers = itertools.count()


def hook(path: str, *after: dict[str, Any], method: str = "POST", **properties: Any) -> dict[str, Any]:
    return chain(node("in", "webhook", "In", path=path, method=method, **properties), *after, name=path)


@pytest.fixture
def path() -> str:
    return f"hook-{next(_numbers)}"


@pytest.fixture
def armed(owner: httpx.Client, stored: Store) -> Iterator[Store]:
    """Stores and activates a document; deactivates it afterwards."""
    made: list[str] = []

    def arm(document: dict[str, Any]) -> str:
        made.append(stored(document))
        answer = owner.post(f"/api/workflows/{made[-1]}/activate")
        assert answer.status_code == 200, answer.text
        assert answer.json()["active"]
        return made[-1]

    yield arm
    for id_ in made:
        owner.post(f"/api/workflows/{id_}/deactivate")


def fields(**values: str) -> dict[str, Any]:
    """A node that sets texts."""
    listed = [{"name": name, "type": "string", "value": value} for name, value in values.items()]
    return node("set", "edit-fields", "Set", mode="manual", fields=listed)


def test_a_webhook_answers_at_once_with_the_execution(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, path: str
) -> None:
    workflow = armed(hook(path, fields(a="b"), respond="immediately"))
    answer = nobody.post(f"/webhook/{path}", json={"n": 1})
    assert answer.status_code == 200
    id_ = answer.json()["execution_id"]
    assert answer.headers["x-execution-id"] == id_
    listed = owner.get(f"/api/workflows/{workflow}/executions").json()["items"]
    assert [(entry["id"], entry["mode"]) for entry in listed] == [(id_, "webhook")]


def test_a_webhook_answers_with_the_last_nodes_data(nobody: httpx.Client, armed: Store, path: str) -> None:
    armed(hook(path, fields(hello="={{ $json.body.name }} {{ $json.query.q }}"), respond="last-node"))
    answer = nobody.post(f"/webhook/{path}?q=1", json={"name": "Ada"})
    assert answer.status_code == 200, answer.text
    assert "Ada 1" in answer.text
    assert answer.headers["content-type"].startswith("application/json")


def test_a_node_answers_for_the_workflow(nobody: httpx.Client, armed: Store, path: str) -> None:
    respond = node(
        "out",
        "respond-to-webhook",
        "Out",
        respond_with="json",
        json='={{ {"got": $json.body.n} }}',
        status=201,
    )
    armed(hook(path, respond, respond="respond-node"))
    answer = nobody.post(f"/webhook/{path}/", json={"n": 5})
    assert (answer.status_code, answer.json()) == (201, {"got": 5})


def test_pages_of_workflows_cannot_act_as_who_is_signed_in(
    nobody: httpx.Client, armed: Store, path: str
) -> None:
    armed(hook(path, fields(a="b"), respond="last-node"))
    answer = nobody.post(f"/webhook/{path}")
    assert answer.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_webhook_that_is_switched_off_is_gone(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, path: str
) -> None:
    workflow = armed(hook(path, fields(a="b")))
    assert nobody.post(f"/webhook/{path}").status_code == 200
    owner.post(f"/api/workflows/{workflow}/deactivate")
    gone = nobody.post(f"/webhook/{path}")
    assert gone.status_code == 404
    assert path in gone.json()["error"]["message"]
    assert owner.post(f"/api/workflows/{workflow}/activate").json()["active"]
    assert nobody.post(f"/webhook/{path}").status_code == 200


def test_a_method_that_nobody_listens_to_is_refused(nobody: httpx.Client, armed: Store, path: str) -> None:
    armed(hook(path, fields(a="b"), method="PUT"))
    answer = nobody.post(f"/webhook/{path}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "PUT"
    assert nobody.put(f"/webhook/{path}").status_code == 200


def test_two_workflows_cannot_have_one_address(
    owner: httpx.Client, armed: Store, stored: Store, path: str
) -> None:
    armed(hook(path, fields(a="b")))
    second = owner.post(f"/api/workflows/{stored(hook(path, fields(a='b')))}/activate")
    assert second.status_code == 409
    assert path in second.json()["error"]["message"]


def test_a_test_webhook_takes_one_call_while_somebody_listens(
    owner: httpx.Client, nobody: httpx.Client, stored: Store, path: str
) -> None:
    workflow = stored(hook(path, fields(a="b"), respond="last-node"))
    before = nobody.post(f"/webhook-test/{path}")
    assert before.status_code == 404
    assert "Listen" in before.json()["error"]["message"]
    listening = owner.post(f"/api/workflows/{workflow}/listen").json()
    assert listening["urls"][0].endswith(f"/webhook-test/{path}")
    assert [(a["node"], a["url"]) for a in listening["addresses"]] == [("in", listening["urls"][0])]
    waiting = owner.get(f"/api/workflows/{workflow}/listen", params={"wait": 0})
    assert waiting.json() == {"execution_id": None, "listening": True}
    called = nobody.post(f"/webhook-test/{path}")
    assert called.status_code == 200
    assert nobody.post(f"/webhook-test/{path}").status_code == 404
    told = owner.get(f"/api/workflows/{workflow}/listen")
    assert told.json() == {"execution_id": called.headers["x-execution-id"], "listening": False}
    listed = owner.get(f"/api/workflows/{workflow}/executions").json()["items"]
    assert [entry["mode"] for entry in listed] == ["manual"]


def test_a_test_webhook_is_closed_when_listening_is_stopped(
    owner: httpx.Client, nobody: httpx.Client, stored: Store, path: str
) -> None:
    workflow = stored(hook(path, fields(a="b"), respond="last-node"))
    assert owner.post(f"/api/workflows/{workflow}/listen").status_code == 200
    assert owner.delete(f"/api/workflows/{workflow}/listen").status_code == 204
    assert nobody.post(f"/webhook-test/{path}").status_code == 404
    told = owner.get(f"/api/workflows/{workflow}/listen")
    assert told.json() == {"execution_id": None, "listening": False}


def test_listening_without_a_webhook_is_refused(owner: httpx.Client, stored: Store) -> None:
    answer = owner.post(f"/api/workflows/{stored(chain(node('1', 'manual-trigger')))}/listen")
    assert answer.status_code == 409
    assert "Webhook" in answer.json()["error"]["message"]


def test_a_call_wakes_an_execution_that_waits(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, path: str
) -> None:
    armed(hook(path, node("w", "wait", "Wait", resume="on_call"), respond="immediately"))
    id_ = nobody.post(f"/webhook/{path}").json()["execution_id"]
    with owner.stream("GET", f"/api/executions/{id_}/events") as events:
        for line in events.iter_lines():
            if '"waiting"' in line:
                break
        woken = nobody.post(f"/webhook-waiting/{id_}", json={"approved": True})
        assert woken.status_code == 200, woken.text
    with owner.stream("GET", f"/api/executions/{id_}/events") as events:
        events.read()
    assert owner.get(f"/api/executions/{id_}").json()["execution"]["status"] == "success"
    again = nobody.post(f"/webhook-waiting/{id_}")
    assert again.status_code == 409
    assert nobody.post("/webhook-waiting/missing").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "culprit"),
    [
        (b"{broken", "application/json", "JSON"),
        (b'{"a": "\xff"}', "application/json", "JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "application/json", ""),
    ],
    ids=["broken", "not UTF-8", "deep"],
)
def test_a_body_that_cannot_be_read_starts_nothing(
    owner: httpx.Client,
    nobody: httpx.Client,
    armed: Store,
    path: str,
    content: bytes,
    kind: str,
    culprit: str,
) -> None:
    workflow = armed(hook(path, fields(a="b")))
    answer = nobody.post(f"/webhook/{path}", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    assert culprit in answer.json()["error"]["message"]
    assert owner.get(f"/api/workflows/{workflow}/executions").json()["items"] == []


def test_no_webhook_is_an_explained_404(nobody: httpx.Client) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = nobody.request(method, "/webhook/nowhere")
        assert answer.status_code == 404
        assert "nowhere" in answer.json()["error"]["message"]


def test_many_calls_over_one_connection(server: Server, armed: Store, path: str) -> None:
    armed(hook(path, fields(n="={{ $json.body.n }}"), respond="last-node"))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for n in range(20):
        body = b'{"n": "%d"}' % n
        connection.request(
            "POST", f"/webhook/{path}", body=body, headers={"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        assert answer.status == 200
        assert f'"{n}"'.encode() in answer.read()
    connection.close()


def test_a_signed_call_is_let_in_and_a_changed_one_is_not(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, stored: Store, path: str
) -> None:
    document = hook(path, fields(a="b"), authentication="signature")
    refused = owner.post(f"/api/workflows/{stored(document)}/activate")
    assert refused.is_client_error
    assert "none is chosen" in refused.text
    secret = {"name": "Shop", "type": "hmac-signature", "values": {"secret": "s3", "header": "X-Sign"}}
    made = owner.post("/api/credentials", json=secret)
    assert made.status_code == 201, made.text
    document["nodes"][0]["data"]["credentials"] = {"account": made.json()["id"]}
    armed(document)
    body = b'{"total": 12}'
    proof = "sha256=" + hmac.new(b"s3", body, "sha256").hexdigest()
    kind = {"content-type": "application/json"}
    for content, headers, status in (
        (body, {"X-Sign": proof}, 200),
        (b'{"total": 13}', {"X-Sign": proof}, 403),
        (body, {}, 401),
    ):
        answer = nobody.post(f"/webhook/{path}", content=content, headers=kind | headers)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("respond", ["immediately", "last-node", "respond-node", "stream"])
def test_a_call_that_is_repeated_with_its_key_runs_once_and_gets_the_same_answer(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, path: str, respond: str
) -> None:
    out = node("out", "respond-to-webhook", "Out", respond_with="first_item")
    workflow = armed(hook(path, fields(n="={{ $json.body.n }}"), out, respond=respond))
    key = {"Idempotency-Key": "order-1"}
    first, second = (nobody.post(f"/webhook/{path}", json={"n": n}, headers=key) for n in ("1", "2"))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["x-execution-id"] == second.headers["x-execution-id"]
    assert nobody.post(f"/webhook/{path}", json={"n": "3"}).status_code == 200
    assert len(owner.get(f"/api/workflows/{workflow}/executions").json()["items"]) == 2


def test_more_calls_than_a_webhook_takes_are_told_when_to_come_back(
    owner: httpx.Client, nobody: httpx.Client, armed: Store, path: str
) -> None:
    workflow = armed(hook(path, fields(a="b"), rate_limit=3))
    answers = [nobody.post(f"/webhook/{path}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert len(owner.get(f"/api/workflows/{workflow}/executions").json()["items"]) == 3


def test_words_of_a_model_reach_the_caller_while_the_workflow_goes_on_and_a_break_shows(
    tmp_path: Path,
) -> None:
    wire = Wire(OpenAISpeaker(), [Turn(("Hello, ", "Ada."))])
    with running(tmp_path / "data", allow_hosts="127.0.0.1") as server, server.client("owner") as owner:

        async def serve(_: Any) -> None:
            await wire.__aenter__()

        async def close(_: Any) -> None:
            await wire.__aexit__(None, None, None)

        server.within(serve)
        account = {
            "name": "AI",
            "type": "openai",
            "values": {"api_key": "sk-test", "base_url": f"{wire.url}/v1"},
        }
        made = owner.post("/api/credentials", json=account)
        assert made.status_code == 201, made.text
        agent = node("agent", "ai-agent", "Agent", prompt="Be kind.", message="={{ $json.body.text }}")
        agent["data"]["credentials"] = {"account": made.json()["id"]}
        wait = node("wait", "wait", "Wait", resume="on_call")
        workflow = owner.post("/api/workflows", json=hook("words", agent, wait, respond="stream")).json()[
            "id"
        ]
        armed = owner.post(f"/api/workflows/{workflow}/activate")
        assert armed.status_code == 200, armed.text
        with owner.stream("POST", "/webhook/words", json={"text": "I am Ada."}) as answer:
            pieces, words = answer.iter_text(), ""
            while words != "Hello, Ada.":
                words += next(pieces)
            execution = answer.headers["x-execution-id"]
            owner.post(f"/api/executions/{execution}/cancel").raise_for_status()
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)
        server.within(close)


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("X-Custom", "yes", (b"x-custom", b"yes")),
        ("Content-Length", "5", None),
        ("Transfer-Encoding", "chunked", None),
        ("X-Break", "a\r\nSet-Cookie: x=1", None),
        ("bad name", "x", None),
        ("Set-Cookie", "theme=dark", (b"set-cookie", b"theme=dark")),
        ("Set-Cookie", "flowstudio_session=stolen", None),
    ],
)
def test_headers_of_workflows_cannot_break_the_answer(
    name: str, value: str, sent: tuple[bytes, bytes] | None
) -> None:
    assert encoded(name, value) == sent
