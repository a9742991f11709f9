"""Names of runners."""

from __future__ import annotations

from flowstudio.storage.owners import is_dead, new_owner
from tests.storage.samples import owner_of_an_ended_process


def test_the_owners_of_this_process_are_alive_and_differ() -> None:
    one, two = new_owner(), new_owner()
    assert one != two
    assert not is_dead(one)


def test_the_owner_of_an_ended_process_is_dead() -> None:
    assert is_dead(owner_of_an_ended_process())


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it() -> None:
    host, pid, _, random = new_owner().split("/")
    assert is_dead(f"{host}/{pid}/1/{random}")


def test_owners_elsewhere_and_of_other_forms_are_taken_for_alive() -> None:
    _, pid, started, random = new_owner().split("/")
    assert not is_dead(f"elsewhere.invalid/{pid}/{started}/{random}")
    assert not is_dead("me")
    assert not is_dead("")
