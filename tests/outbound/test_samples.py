"""FlowStudio's own sample data, the one thing of itself that workflows may call."""

from pathlib import Path

import pytest

from flowstudio.errors import NodeError, OutboundRefused
from flowstudio.outbound import Outbound, Request
from tests.outbound.server import Received, Reply, serving


def own_server(request: Received) -> Reply:
    return Reply(body={"path": request.path})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "orders.json").write_text('[{"id": 1}]')
    (samples / "names.csv").write_text("name\nZoë\n")
    (samples / ".hidden").write_text("hidden")
    (samples / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "secret.txt").write_text("secret")
    return samples


async def test_samples_come_from_the_folder_without_a_server(folder: Path) -> None:
    client = Outbound(samples=folder)
    response = await client.request(Request("GET", "/samples/orders.json"))
    assert (response.status, response.header("content-type")) == (200, "application/json")
    assert response.body == b'[{"id": 1}]'
    table = await client.request(Request("GET", "/samples/names.csv"))
    assert table.header("content-type") == "text/csv; charset=utf-8"
    await client.close()


@pytest.mark.parametrize(
    "name", ["nothing.json", ".hidden", "..%2fsecret.txt", "%2e%2e/secret.txt", "link.txt", "", "."]
)
async def test_nothing_else_comes_from_the_folder(folder: Path, name: str) -> None:
    client = Outbound(samples=folder, own_origin="http://127.0.0.1:1")
    try:
        response = await client.request(Request("GET", f"/samples/{name}"))
    except NodeError:
        return
    else:
        assert response.status == 404
        assert b"secret" not in response.body.replace(b"'secret.txt'", b"")
    finally:
        await client.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_full_address_of_a_sample_works_too(folder: Path, host: str) -> None:
    client = Outbound(samples=folder, own_origin="http://127.0.0.1:8000")
    assert (await client.request(Request("GET", f"http://{host}:8000/samples/orders.json"))).status == 200
    await client.close()


async def test_without_a_folder_the_own_server_is_asked() -> None:
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
