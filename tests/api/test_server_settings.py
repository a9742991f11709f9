"""What admins set for the server: it holds at once, outlives restarts, and tells nobody the mail server's password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from flowstudio.redaction import MASK, in_use
from tests.api.conftest import Server, greeting, running
from tests.api.smtp import Inbox, mail_server

PASSWORD = "mail-canary/8f+3a"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own, of which the environment sets nothing but the folder."""
    with running(tmp_path_factory.mktemp("settings") / "data", max_body=None) as started:
        yield started


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with mail_server() as started:
        yield started


def mail(inbox: Inbox, **more: Any) -> dict[str, Any]:
    place = httpx.URL(inbox.url)
    return {"host": place.host, "port": place.port, "user": "ada", "sender": "ada@example.com"} | more


def put(client: httpx.Client, **wanted: Any) -> httpx.Response:
    return client.put("/api/server-settings", json=wanted)


def test_limits_hold_at_once_and_what_is_missing_has_its_default(server: Server, owner: httpx.Client) -> None:
    before = owner.get("/api/server-settings").json()
    assert (before["retention_days"], before["max_body"], before["mail"], before["fixed"]) == (
        14,
        2**24,
        None,
        {},
    )
    large = greeting() | {"name": "x" * 100, "pinned_data": {"1": [{"json": {"text": "y" * 1_500_000}}]}}
    assert owner.post("/api/workflows", json=large).status_code == 201
    after = put(owner, max_body=2**20, concurrency=3, concurrency_total=9, retention_count=50).json()
    assert (after["max_body"], after["concurrency"], after["retention_count"]) == (2**20, 3, 50)
    assert owner.post("/api/workflows", json=large).status_code == 413
    assert httpx.post(f"{server.url}/webhook/nowhere", content=b"x" * 2**21, timeout=60).status_code == 413
    assert server.runtime.runner.limit == 3
    told = owner.get("/api/installation").json()
    assert told["retention_count"] == 50
    [entry, *_] = owner.get("/api/audit", params={"action": "settings.server_changed"}).json()["items"]
    assert entry["detail"] == {
        "max_body": 2**20,
        "concurrency": 3,
        "concurrency_total": 9,
        "retention_count": 50,
    }
    assert put(owner).json() == before


def test_nothing_may_be_set_that_locks_everybody_out(owner: httpx.Client) -> None:
    for wrong in ({"retention_days": 0}, {"max_body": 1000}, {"concurrency": 0}, {"retention_count": 0}):
        assert put(owner, **wrong).status_code == 400
    assert put(owner, data_dir="/").status_code == 400


def test_mail_is_sent_by_the_server_that_an_admin_sets_and_its_password_is_shown_to_nobody(
    server: Server, owner: httpx.Client, inbox: Inbox
) -> None:
    nothing = owner.post("/api/server-settings/test-mail")
    assert nothing.status_code == 409
    assert put(owner, mail=mail(inbox)).status_code == 400  # a user without a password
    stored = put(owner, mail=mail(inbox, password=PASSWORD))
    assert stored.json()["mail"] == {
        **mail(inbox),
        "security": "starttls",
        "has_password": True,
    }
    assert owner.post("/api/server-settings/test-mail").json() == {
        "sent": True,
        "message": "A mail is on its way to owner@example.com.",
    }
    sent = inbox.take()
    assert (sent["To"], sent["From"]) == ("owner@example.com", "ada@example.com")
    assert httpx.post(
        f"{server.url}/api/password/forgotten", json={"email": "owner@example.com"}, timeout=60
    ).is_success
    assert "new password" in inbox.take()["Subject"]
    put(owner, mail=mail(inbox, sender="studio@example.com"))  # keeps the password
    logins = len(inbox.logins)
    assert owner.post("/api/server-settings/test-mail").json()["sent"]
    assert inbox.take()["From"] == "studio@example.com"
    assert inbox.logins[logins:] == inbox.logins[:1]
    for other in ({"port": 25}, {"host": "mail.evil.example"}, {"user": "eve"}, {"security": "tls"}):
        refused = put(owner, mail=mail(inbox, **other))  # the password would go to somebody else
        assert refused.status_code == 400
        assert "password" in refused.json()["error"]["message"]
    database = (server.runtime.settings.data_dir / "flowstudio.db").read_bytes()
    database += (server.runtime.settings.data_dir / "flowstudio.db-wal").read_bytes()
    told = [owner.get(f"/api/{path}").text for path in ("server-settings", "audit?limit=200", "installation")]
    assert PASSWORD.encode() not in database
    assert all(PASSWORD not in text for text in told)
    assert in_use.mask(f"It is {PASSWORD}.") == f"It is {MASK}."
    assert put(owner).json()["mail"] is None
    assert owner.post("/api/server-settings/test-mail").status_code == 409


def test_a_mail_server_that_does_not_answer_is_a_sentence(owner: httpx.Client) -> None:
    place = {"host": "127.0.0.1", "port": 9, "sender": "a@example.com"}
    assert put(owner, mail=place).is_success
    told = owner.post("/api/server-settings/test-mail").json()
    assert told == {"sent": False, "message": "127.0.0.1:9 could not be reached. Check server and port."}
    put(owner)


def test_what_is_set_outlives_a_restart_and_the_environment_wins(tmp_path: Path, inbox: Inbox) -> None:
    folder = tmp_path / "data"
    with running(folder, max_body=None) as first, first.client("owner") as client:
        put(client, retention_days=3, concurrency=7, mail=mail(inbox, password=PASSWORD))
    outside = {"max_body": None, "retention_days": 9.0, "smtp_url": SecretStr(inbox.url)}
    with running(folder, people=False, **outside) as second:
        second.keys = first.keys
        with second.client("owner") as client:
            found = client.get("/api/server-settings").json()
            assert (found["retention_days"], found["concurrency"]) == (9, 7)
            assert found["fixed"] == {
                "retention_days": "FLOWSTUDIO_RETENTION_DAYS",
                "mail": "FLOWSTUDIO_SMTP_URL",
            }
            assert found["mail"]["user"] == "ada@example.com"
            put(client, retention_days=1, concurrency=8)
            assert client.get("/api/server-settings").json()["retention_days"] == 9
    with running(folder, people=False, max_body=None) as third:
        third.keys = first.keys
        with third.client("owner") as client:
            found = client.get("/api/server-settings").json()
            assert (found["retention_days"], found["concurrency"]) == (3, 8)
            assert client.post("/api/server-settings/test-mail").json()["sent"]


def test_another_process_takes_the_settings_over(server: Server, owner: httpx.Client) -> None:
    async def store(runtime: Any) -> None:
        await runtime.storage.server_settings.replace({"concurrency": 5}, "")
        assert runtime.runner.limit != 5
        await runtime.server_settings.load()

    server.within(store)
    assert server.runtime.runner.limit == 5
    put(owner)
