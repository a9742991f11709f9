"""Identifiers."""

from __future__ import annotations

from uuid import UUID

from flowstudio.storage.ids import new_id


def test_ids_are_uuids_of_version_seven() -> None:
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
