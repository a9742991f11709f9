"""What admins learn about the installation, and what one changes of one's own account."""

from __future__ import annotations

from pathlib import Path

from flowstudio import __version__
from flowstudio.services.installation import size_of
from tests.api.conftest import Server


def test_admins_learn_versions_places_and_sizes_and_no_secret(server: Server) -> None:
    with server.client("admin") as client:
        found = client.get("/api/installation").json()
    assert found["version"] == __version__
    assert found["data_folder"] == str(server.runtime.settings.data_dir)
    assert found["data_bytes"] > 0
    assert {cage["language"] for cage in found["cages"]} == {"JavaScript", "Python"}
    assert all(cage["tier"] in ("jail", "strict", "off") and cage["reason"] for cage in found["cages"])


def test_the_size_of_a_folder_counts_the_files_of_its_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_bytes(b"123")
    assert size_of(tmp_path) == 8


def test_people_change_their_own_name(server: Server) -> None:
    with server.client("viewer") as client:
        before = client.get("/api/me").json()["user"]
        answer = client.patch("/api/me", json={"name": "Vera Vu"})
        assert answer.status_code == 200, answer.text
        assert client.get("/api/me").json()["user"] == {**before, "name": "Vera Vu"}
        assert client.patch("/api/me", json={"name": " "}).status_code == 400
        client.patch("/api/me", json={"name": before["name"]})


def test_the_list_of_credentials_names_the_workflows_that_use_them(server: Server) -> None:
    with server.client("admin") as client:
        values = {"name": "X-Key", "value": "s3cret-value"}
        made = client.post(
            "/api/credentials", json={"name": "Used", "type": "http-header", "values": values}
        ).json()
        hook = {"id": "in", "type": "webhook", "data": {"credentials": {"account": made["id"]}}}
        workflow = client.post(
            "/api/workflows", json={"name": "Uses it", "nodes": [hook], "edges": []}
        ).json()
        listed = client.get("/api/credentials").json()["items"]
        [used] = [entry["used_by"] for entry in listed if entry["id"] == made["id"]]
        assert used == [{"id": workflow["id"], "name": "Uses it"}]
        client.put(f"/api/workflows/{workflow['id']}", json={"name": "Uses it", "nodes": [], "edges": []})
        listed = client.get("/api/credentials").json()["items"]
        assert [entry["used_by"] for entry in listed if entry["id"] == made["id"]] == [[]]
