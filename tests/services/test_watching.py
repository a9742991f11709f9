"""Who has a workflow open, here and in other processes."""

from __future__ import annotations

from flowstudio.services.watching import Audience, Watcher


async def test_people_of_a_process_that_has_died_are_gone_after_a_while() -> None:
    audience = Audience()
    ada = Watcher("Ada", "here")
    audience.join("w", ada)
    audience.told("w", "server 2", {"there": "Bob"})
    ada.people = False
    audience.told("w", "server 2", {"there": "Bob"})  # again and again, as long as it lives
    audience.expire(1_000)
    assert [person["name"] for person in audience.people("w")] == ["Bob", "Ada"]
    assert not ada.people

    audience.expire(-1)  # as if nothing had been heard for long
    assert [person["name"] for person in audience.people("w")] == ["Ada"]
    assert ada.people
    audience.told("w", "server 2", {"there": "Bob"})  # it had only been frozen
    assert [person["name"] for person in audience.people("w")] == ["Bob", "Ada"]
