"""Without a session or a key nobody gets in, wherever there is a way in: operations, pages and events, tried on the real product."""

from __future__ import annotations

from scripts import strangers
from scripts.studio import Server
from tests.e2e.conftest import OWNER


def test_strangers_get_in_nowhere_but_where_everybody_may(server: Server) -> None:
    assert (strangers.OWNER["email"], strangers.OWNER["password"]) == OWNER
    report = strangers.walk(server.url, *strangers.secret_workflow(server.url))
    assert report.wrong == []
    assert set(strangers.OPEN) <= set(strangers.operations()), "what is said to be open is there"
    assert report.operations > 100
    assert report.pages > 10
    assert report.events > 40
