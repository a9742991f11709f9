import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from flowstudio.errors import NodeError, OutboundRefused
from flowstudio.outbound import Outbound, Request, Response
from tests.outbound.certificate import self_signed
from tests.outbound.server import LoopbackServer, Received, Reply, serving


def site(request: Received) -> Reply:
    """The server of most tests: `/to/<status>?<url>` redirects, everything else echoes."""
    if request.path.startswith("/to/"):
        status = int(request.path.split("/")[2])
        return Reply(status, headers=[("Location", request.target.partition("?")[2])])
    return Reply(
        body={
            "method": request.method,
            "target": request.target,
            "headers": {name.lower(): value for name, value in request.headers},
            "body": request.body.decode(),
        }
    )


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with serving(site) as running:
        yield running


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """Loopback is allowed by address, so that names and other spellings must still pass the rules."""
    client = Outbound(["127.0.0.1"])
    yield client
    await client.close()


@pytest.fixture
async def closed() -> AsyncIterator[Outbound]:
    """Nothing is allowed beyond the public internet."""
    client = Outbound()
    yield client
    await client.close()


def echoed(response: Response) -> dict[str, object]:
    value = httpx.Response(200, content=response.body).json()
    assert isinstance(value, dict)
    return value


async def test_a_request_arrives_as_it_was_asked_for(outbound: Outbound, server: LoopbackServer) -> None:
    response = await outbound.request(
        Request("put", server.url("/a%20b?x=1&x=2"), headers=[("X-Thing", "grün")], body=b"hello")
    )
    assert (response.status, response.reason) == (200, "OK")
    assert response.header("content-type") == "application/json"
    [got] = server.received
    assert (got.method, got.target, got.body) == ("PUT", "/a%20b?x=1&x=2", b"hello")
    assert got.header("x-thing") == "grün".encode().decode("latin-1")
    assert got.header("accept-encoding") == "gzip, deflate"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "0.0.0.0",
        "0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.0.1.",
        "user:secret@127.0.0.1",
        "169.254.169.254",
        "[fe80::1%25lo]",
    ],
)
async def test_no_spelling_reaches_this_machine(closed: Outbound, server: LoopbackServer, host: str) -> None:
    with pytest.raises(OutboundRefused):
        await closed.request(Request("GET", f"http://{host}:{server.port}/", timeout=5))
    assert server.connections == 0


@pytest.mark.parametrize("host", ["0177.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1"])
async def test_spellings_that_are_no_addresses_are_refused(
    closed: Outbound, server: LoopbackServer, host: str
) -> None:
    with pytest.raises(NodeError):
        await closed.request(Request("GET", f"http://{host}:{server.port}/", timeout=5))
    assert server.connections == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not an address to call"),
        ("example.com/x", "must start with http"),
        ("file:///etc/passwd", "must start with http"),
        ("ftp://example.com/", "must start with http"),
        ("http://", "not an address to call"),
        ("http://[::1", "is not an address"),
        ("/samples/x.json", "serves no sample data"),
    ],
)
async def test_what_is_no_address_is_refused(closed: Outbound, url: str, words: str) -> None:
    with pytest.raises(NodeError, match=words):
        await closed.request(Request("GET", url))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_forbidden_address_is_refused(status: int) -> None:
    async with serving(site) as inner, serving(site) as outer:
        client = Outbound([f"127.0.0.1:{outer.port}"])
        with pytest.raises(OutboundRefused, match=f"FLOWSTUDIO_ALLOW_HOSTS=127.0.0.1:{inner.port}"):
            await client.request(Request("GET", outer.url(f"/to/{status}?{inner.url()}")))
        await client.close()
    assert len(outer.received) == 1
    assert inner.connections == 0


async def test_a_name_that_is_rebound_between_two_connections_is_refused(server: LoopbackServer) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    client = Outbound(["127.0.0.1"], resolve=rebinding)
    request = Request("GET", f"http://rebinding.example:{server.port}/", headers=[("Connection", "close")])
    assert (await client.request(request)).status == 200
    with pytest.raises(OutboundRefused, match=r"'rebinding\.example': it is a private address"):
        await client.request(request)
    await client.close()


@pytest.mark.parametrize(
    ("status", "method", "becomes", "keeps_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (307, "POST", "POST", True),
        (308, "POST", "POST", True),
        (301, "PUT", "PUT", True),
        (302, "GET", "GET", True),
    ],
)
async def test_redirects_change_the_method_as_browsers_do(
    outbound: Outbound, server: LoopbackServer, status: int, method: str, becomes: str, keeps_body: bool
) -> None:
    response = await outbound.request(
        Request(
            method, server.url(f"/to/{status}?/next"), headers=[("Content-Type", "text/plain")], body=b"body"
        )
    )
    assert response.url == server.url("/next")
    last = server.received[-1]
    assert (last.method, last.target) == (becomes, "/next")
    assert last.body == (b"body" if keeps_body else b"")
    assert (last.header("content-type") is not None) is keeps_body


async def test_secrets_do_not_follow_to_another_origin(outbound: Outbound, server: LoopbackServer) -> None:
    async with serving(site) as other:
        await outbound.request(
            Request(
                "GET",
                server.url(f"/to/302?/to/302?{other.url('/there')}"),
                headers=[("Cookie", "a=1"), ("X-Plain", "1")],
                auth=httpx.BasicAuth("ann", "secret"),
            )
        )
    first, second = server.received
    assert first.header("authorization") == second.header("authorization") == "Basic YW5uOnNlY3JldA=="
    [third] = other.received
    assert third.header("authorization") is None
    assert third.header("cookie") is None
    assert third.header("x-plain") == "1"


async def test_user_and_password_of_an_address_are_sent_to_its_origin_only(
    outbound: Outbound, server: LoopbackServer
) -> None:
    async with serving(site) as other:
        url = server.url(f"/to/302?{other.url()}", host="ann:secret@127.0.0.1")
        await outbound.request(Request("GET", url))
    assert server.received[0].header("authorization") == "Basic YW5uOnNlY3JldA=="
    assert other.received[0].header("authorization") is None


async def test_endless_redirects_end(outbound: Outbound, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(302, headers=[("Location", "/again")])
    with pytest.raises(NodeError, match="more than 3 times"):
        await outbound.request(Request("GET", server.url(), max_redirects=3))
    assert len(server.received) == 4


async def test_redirects_can_be_left_alone(outbound: Outbound, server: LoopbackServer) -> None:
    response = await outbound.request(Request("GET", server.url("/to/302?/next"), max_redirects=0))
    assert (response.status, response.header("location")) == (302, "/next")


async def test_a_redirect_to_another_scheme_is_refused(outbound: Outbound, server: LoopbackServer) -> None:
    with pytest.raises(NodeError, match="only http and https"):
        await outbound.request(Request("GET", server.url("/to/302?file:///etc/passwd")))


async def test_no_cookies_are_kept(outbound: Outbound, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(headers=[("Set-Cookie", "session=1; Path=/")])
    for _ in range(2):
        response = await outbound.request(Request("GET", server.url()))
        assert response.header("set-cookie") == "session=1; Path=/"
    assert server.received[1].header("cookie") is None


async def test_proxies_of_the_environment_are_not_used(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    client = Outbound(["127.0.0.1"])
    assert (await client.request(Request("GET", server.url()))).status == 200
    await client.close()


async def test_connections_are_used_again(outbound: Outbound, server: LoopbackServer) -> None:
    for _ in range(3):
        await outbound.request(Request("GET", server.url()))
    assert server.connections == 1


async def test_a_connection_closed_while_idle_is_opened_again(
    outbound: Outbound, server: LoopbackServer
) -> None:
    replies = [Reply(body="1"), Reply(drop=True), Reply(body="2")]
    server.answer = lambda request: replies.pop(0)
    assert (await outbound.request(Request("GET", server.url()))).body == b"1"
    assert (await outbound.request(Request("GET", server.url()))).body == b"2"
    assert server.connections == 2


async def test_a_post_is_never_sent_twice(outbound: Outbound, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(drop=True)
    with pytest.raises(NodeError, match="broke") as caught:
        await outbound.request(Request("POST", server.url()))
    assert caught.value.retryable
    assert len(server.received) == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_a_response_over_the_limit_is_cut_off(
    outbound: Outbound, server: LoopbackServer, packed: bool
) -> None:
    body = b"x" * 3_000_000
    headers = [("Content-Encoding", "gzip")] if packed else []
    server.answer = lambda request: Reply(body=gzip.compress(body) if packed else body, headers=headers)
    assert (await outbound.request(Request("GET", server.url(), limit=3_000_000))).body == body
    with pytest.raises(NodeError, match="larger than 1 MiB"):
        await outbound.request(Request("GET", server.url(), limit=1 << 20))


async def test_a_slow_server_is_given_up(outbound: Outbound, server: LoopbackServer) -> None:
    release = asyncio.Event()

    async def slow(request: Received) -> Reply:
        await release.wait()
        return Reply()

    server.answer = slow
    with pytest.raises(NodeError, match=r"did not answer within 0\.2 seconds") as caught:
        await outbound.request(Request("GET", server.url("/path?token=secret"), timeout=0.2))
    assert caught.value.retryable
    assert "secret" not in str(caught.value)
    release.set()


async def test_a_server_that_is_down_is_named(outbound: Outbound) -> None:
    async with serving(site) as gone:
        url = gone.url("/x")
    with pytest.raises(NodeError, match="cannot be reached") as caught:
        await outbound.request(Request("GET", url))
    assert caught.value.retryable


async def test_an_unknown_name_is_named() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError

    client = Outbound(resolve=nobody)
    with pytest.raises(NodeError, match=r"There is no server named 'nowhere\.example'"):
        await client.request(Request("GET", "http://nowhere.example/"))
    await client.close()


async def test_a_header_with_a_line_break_is_not_sent(outbound: Outbound, server: LoopbackServer) -> None:
    with pytest.raises(NodeError, match="cannot be sent"):
        await outbound.request(Request("GET", server.url(), headers=[("X-A", "1\r\nX-B: 2")]))
    assert server.received == []


async def test_an_untrusted_certificate_is_refused_unless_told_otherwise(
    outbound: Outbound, tmp_path: Path
) -> None:
    async with serving(site, self_signed(tmp_path)) as server:
        with pytest.raises(NodeError, match="Ignore SSL issues"):
            await outbound.request(Request("GET", server.url()))
        assert (await outbound.request(Request("GET", server.url(), verify=False))).status == 200


async def test_unverified_requests_are_vetted_too(closed: Outbound, server: LoopbackServer) -> None:
    with pytest.raises(OutboundRefused):
        await closed.request(Request("GET", server.url(), verify=False))


async def test_other_clients_on_the_transport_are_vetted_and_cannot_close_it(
    outbound: Outbound, server: LoopbackServer
) -> None:
    async with httpx.AsyncClient(transport=outbound.transport(), trust_env=False) as vendor:
        assert (await vendor.get(server.url())).status_code == 200
        with pytest.raises(OutboundRefused):
            await vendor.get("http://10.0.0.1/")
    assert (await outbound.request(Request("GET", server.url()))).status == 200
