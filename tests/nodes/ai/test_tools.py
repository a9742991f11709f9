"""Tools of agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.engine.context import Host
from flowstudio.errors import CredentialError
from flowstudio.nodes.ai.tool_code import wrapped
from flowstudio.outbound import Outbound
from flowstudio.sandbox import Sandbox
from tests.ai.scripted import calls
from tests.nodes.driver import Result, make_host, run_node, scripted
from tests.outbound.server import LoopbackServer, Received, Reply, serving


class Accounts:
    """Credentials by id."""

    def __init__(self, **known: dict[str, Any]) -> None:
        self.known = known

    async def open(self, credential: str, types: Any) -> Any:
        if credential not in self.known:
            raise CredentialError("There is no such credential.")
        return self.known[credential]


@pytest_asyncio.fixture
async def out() -> AsyncIterator[Outbound]:
    outbound = Outbound(["127.0.0.1"])
    yield outbound
    await outbound.close()


async def use(
    host: Host,
    type_: str,
    properties: Mapping[str, Any],
    tool: str,
    arguments: Mapping[str, Any],
    **data: Any,
) -> Result:
    """Run an agent that calls the tool once."""
    sub = {"type": type_, "data": {"properties": dict(properties), **data}}
    return await run_node(
        "ai-agent",
        {"message": "Go", "steps": True},
        host=host,
        subs=scripted(calls((tool, dict(arguments))), "done") | {"tools": [sub]},
    )


def output(result: Result) -> Any:
    (step,) = result.rows[0]["steps"]
    return step["output"]


async def test_the_calculator_calculates() -> None:
    result = await use(make_host(), "tool-calculator", {}, "calculator", {"formula": "15% of 80"})
    assert output(result) == "12"
    wrong = await use(make_host(), "tool-calculator", {}, "calculator", {"formula": "1/0"})
    assert output(wrong) == "That divides by zero."


PLAIN = [{"title": "A", "url": "https://a.example", "text": "About a"}]


def searx(received: Received) -> Reply:
    assert dict(received.query) == {"q": "trams", "format": "json"}
    return Reply(
        body={"results": [{"title": "A", "url": "https://a.example", "content": "About a", "engine": "x"}]}
    )


def brave(received: Received) -> Reply:
    assert received.header("X-Subscription-Token") == "key"
    return Reply(
        body={"web": {"results": [{"title": "A", "url": "https://a.example", "description": "About a"}]}}
    )


def tavily(received: Received) -> Reply:
    assert received.header("Authorization") == "Bearer key"
    assert received.json == {"query": "trams", "max_results": 5}
    return Reply(
        body={"results": [{"title": "A", "url": "https://a.example", "content": "About a", "score": 1}]}
    )


@pytest.mark.parametrize("engine", ["searxng", "brave", "tavily"])
async def test_search_engines_are_asked_in_their_own_way(engine: str, out: Outbound) -> None:
    async with serving({"searxng": searx, "brave": brave, "tavily": tavily}[engine]) as server:
        account = {
            "type": {"brave": "brave-search"}.get(engine, engine),
            "api_key": "key",
            "base_url": server.url(""),
        }
        host = make_host(services={Outbound: out}, vault=Accounts(c=account))
        properties = {"engine": engine, "base_url": server.url("")}
        credentials = {} if engine == "searxng" else {"account": "c"}
        result = await use(
            host, "tool-web-search", properties, "web_search", {"query": "trams"}, credentials=credentials
        )
    assert output(result) == PLAIN


async def test_duckduckgos_page_is_read(out: Outbound) -> None:
    page = """<div class="result"><h2><a class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example&rut=1">A</a></h2>
    <a class="result__snippet" href="x">About <b>a</b></a></div>"""

    def answer(received: Received) -> Reply:
        assert received.body == b"q=trams"
        return Reply(body=page)

    async with serving(answer) as server:
        host = make_host(services={Outbound: out})
        result = await use(
            host, "tool-web-search", {"base_url": server.url("")}, "web_search", {"query": "trams"}
        )
    assert output(result) == PLAIN


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403, b"no"), "refuses the request"),
        (Reply(429, b"no"), "no more searches"),
        (Reply(500, b"no"), "answered 500"),
        (Reply(200, b"<html>"), "cannot be understood"),
    ],
)
async def test_failures_of_search_engines_are_told_to_the_agent(
    reply: Reply, words: str, out: Outbound
) -> None:
    async with serving(lambda received: reply) as server:
        host = make_host(services={Outbound: out})
        properties = {"engine": "searxng", "base_url": server.url("")}
        result = await use(host, "tool-web-search", properties, "web_search", {"query": "x"})
    assert words in output(result)


def caller(server: LoopbackServer, **more: Any) -> dict[str, Any]:
    return {
        "name": "orders",
        "description": "Reads orders.",
        "url": f"{server.url('')}/orders/{{id}}",
        "parameters": [{"name": "id"}, {"name": "lang", "required": False}],
        "query": [{"name": "lang", "value": "{lang}"}, {"name": "v", "value": "2"}],
        **more,
    }


async def test_the_api_caller_fills_in_what_the_agent_says(out: Outbound) -> None:
    seen: list[Received] = []

    def answer(received: Received) -> Reply:
        seen.append(received)
        return Reply(body={"ok": True})

    account = {"type": "http-bearer", "token": "secret-token"}
    async with serving(answer) as server:
        host = make_host(services={Outbound: out}, vault=Accounts(c=account))
        arguments = {"id": "7/../8?x=1", "lang": "d e"}
        result = await use(
            host, "tool-api-caller", caller(server), "orders", arguments, credentials={"account": "c"}
        )
        assert output(result) == '{"ok": true}'
        await use(host, "tool-api-caller", caller(server), "orders", {"id": "9"})
        body = caller(server, method="POST", send="text", body='{"id": {id}, "n": {other}}')
        await use(host, "tool-api-caller", body, "orders", {"id": 'a"b'})
    assert seen[0].target == "/orders/7%2F..%2F8%3Fx%3D1?lang=d+e&v=2" or seen[0].query == [
        ("lang", "d e"),
        ("v", "2"),
    ]
    assert seen[0].header("Authorization") == "Bearer secret-token"
    assert "secret-token" not in str(result.outcome.steps)
    assert seen[1].query == [("v", "2")]
    assert seen[2].body == b'{"id": "a\\"b", "n": {other}}'


async def test_the_api_caller_keeps_to_its_hosts_even_through_redirects(out: Outbound) -> None:
    reached: list[str] = []

    def elsewhere(received: Received) -> Reply:
        reached.append(received.target)
        return Reply(body="secret")

    async with serving(elsewhere) as other:
        away = other.url("").replace("127.0.0.1", "localhost")

        def redirect(received: Received) -> Reply:
            return Reply(302, b"", [("Location", f"{away}/stolen")])

        async with serving(redirect) as server:
            host = make_host(services={Outbound: out})
            result = await use(host, "tool-api-caller", caller(server), "orders", {"id": "1"})
            assert "The host 'localhost' is not allowed for this tool" in output(result)
            free = caller(server, url="{id}", hosts="127.0.0.1")
            result = await use(host, "tool-api-caller", free, "orders", {"id": "http://localhost/x"})
            assert "not an address" in output(result) or "not allowed" in output(result)
    assert reached == []


async def test_errors_of_the_service_are_told_with_their_status(out: Outbound) -> None:
    async with serving(lambda received: Reply(404, b"no such order")) as server:
        host = make_host(services={Outbound: out})
        result = await use(host, "tool-api-caller", caller(server), "orders", {"id": "1"})
    assert output(result) == "The service answered 404 Not Found: no such order"


async def test_code_gives_the_agent_what_it_returns() -> None:
    async with Sandbox() as sandbox:
        if (await sandbox.python.report()).tier == "off":
            pytest.skip("no cage here")
        host = make_host(services={Sandbox: sandbox})
        properties = {
            "name": "greet",
            "description": "Greets.",
            "parameters": [{"name": "name"}],
            "code": 'text = """Hello\n  """\nprint("called")\nreturn text + arguments["name"]',
        }
        result = await use(host, "tool-code", properties, "greet", {"name": "Ada"})
        assert output(result) == "Hello\n  Ada"
        assert result.outcome.stdout.strip() == "called"
        failing = properties | {"code": "return 1 / 0"}
        failed = await use(host, "tool-code", failing, "greet", {"name": "Ada"})
        assert "ZeroDivisionError" in output(failed) or "division by zero" in output(failed)


def test_wrapping_code_leaves_texts_alone() -> None:
    assert 'x = """a\nb"""' in wrapped('x = """a\nb"""\nreturn x').replace("    x", "x")


async def test_a_workflow_is_a_tool() -> None:
    host = make_host()
    properties = {
        "workflow": "echo",
        "name": "look up",
        "description": "Looks up.",
        "parameters": [{"name": "n", "kind": "integer"}],
    }
    result = await use(host, "tool-workflow", properties, "look_up", {"n": 3})
    assert output(result) == {"n": 3}
    ((workflow, given, key, wait),) = host.workflows.calls  # type: ignore[attr-defined]  # the fake remembers
    assert (workflow, given, wait) == ("echo", [{"n": 3}], True)
    assert key == "execution/it/tools 0 1"
