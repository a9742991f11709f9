"""FlowStudio's own sample data, the one thing of itself that workflows may call."""

import pytest

from flowstudio.errors import OutboundRefused
from flowstudio.outbound import Outbound, Request
from tests.outbound.server import Received, Reply, serving


def own_server(request: Received) -> Reply:
    return Reply(body={"path": request.path})


FILES = {
    "orders.json": ("application/json", b'[{"id": 1}]'),
    "names.csv": ("text/csv", b"name\nZo\xc3\xab\n"),
}


async def test_samples_are_answered_without_a_server() -> None:
    client = Outbound(samples=FILES.get)
    response = await client.request(Request("GET", "/samples/orders.json"))
    assert (response.status, response.header("content-type")) == (200, "application/json")
    assert response.body == b'[{"id": 1}]'
    table = await client.request(Request("GET", "/samples/names.csv"))
    assert table.header("content-type") == "text/csv; charset=utf-8"
    missing = await client.request(Request("GET", "/samples/nothing.json"))
    assert (missing.status, missing.body) == (404, b"There is no sample 'nothing.json'.")
    await client.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_full_address_of_a_sample_works_too(host: str) -> None:
    client = Outbound(samples=FILES.get, own_origin="http://127.0.0.1:8000")
    assert (await client.request(Request("GET", f"http://{host}:8000/samples/orders.json"))).status == 200
    await client.close()


async def test_without_samples_at_hand_the_own_server_is_asked() -> None:
    async with serving(own_server) as server:
        client = Outbound(own_origin=server.url(""))
        response = await client.request(Request("GET", "/samples/orders.json"))
        assert response.body == b'{"path": "/samples/orders.json"}'
        await client.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/samples/orders.json"),
        ("GET", "/api/workflows/"),
        ("GET", "/samples/../api/workflows/"),
        ("GET", "/samples/%2e%2e/api/workflows/"),
        ("GET", "/samples/..%2fapi/workflows/"),
        ("GET", "/samples/..%5capi/workflows/"),
        ("GET", "/samplesx"),
        ("GET", "/"),
    ],
)
async def test_nothing_else_of_the_own_server_may_be_called(method: str, path: str) -> None:
    async with serving(own_server) as server:
        client = Outbound(own_origin=server.url(""))
        await client.request(Request("GET", "/samples/warm-the-pool.json"))
        with pytest.raises(OutboundRefused):
            await client.request(Request(method, server.url(path)))
        await client.close()
    assert len(server.received) == 1


async def test_a_sample_server_that_redirects_is_vetted_like_any_other() -> None:
    async with serving(lambda request: Reply(302, headers=[("Location", "/api/me")])) as server:
        client = Outbound(own_origin=server.url(""))
        with pytest.raises(OutboundRefused):
            await client.request(Request("GET", "/samples/a.json"))
        await client.close()
