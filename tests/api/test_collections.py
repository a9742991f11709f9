"""Collections over HTTP."""

from __future__ import annotations

import httpx


def test_collections_are_listed_read_and_deleted(owner: httpx.Client) -> None:
    ran = owner.post("/api/workflows/example-find-answers/execute/", json={"wait": True, "timeout": 60})
    assert ran.json()["execution"]["status"] == "success", ran.text
    listed = owner.get("/api/collections/").json()["items"]
    (entry,) = [entry for entry in listed if entry["name"] == "example-terms"]
    assert (entry["passages"], entry["sources"]) == (4, 1)
    assert entry["embedder"]["provider"] == "local"
    assert entry["size"] > 4 * 4 * entry["embedder"]["dimensions"]
    assert owner.get("/api/collections/example-terms/").json() == entry
    assert owner.delete("/api/collections/example-terms/").status_code == 204
    assert owner.get("/api/collections/example-terms/").status_code == 404
    again = owner.delete("/api/collections/example-terms/")
    assert again.json()["error"]["message"] == "There is no collection 'example-terms'."
