from __future__ import annotations

import asyncio
import threading

import pytest

from flowstudio.errors import InvalidRequest
from flowstudio.services.passwords import AT_ONCE, LONGEST, PasswordHasher, argon2id, check_password


@pytest.mark.parametrize(
    ("password", "culprit"),
    [
        ("short", "5 characters"),
        ("x" * (LONGEST + 1), "at most"),
        ("Password", "first"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, culprit: str) -> None:
    with pytest.raises(InvalidRequest, match=culprit):
        check_password(password)


def test_a_long_password_is_accepted() -> None:
    check_password("correct horse battery")


async def test_the_right_password_verifies_and_others_do_not() -> None:
    hasher = PasswordHasher()
    stored = await hasher.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert "correct" not in stored
    assert await hasher.verify(stored, "correct horse")
    assert not await hasher.verify(stored, "correct house")
    assert not await hasher.verify("broken", "correct horse")
    assert not hasher.outdated(stored)
    assert hasher.outdated("$argon2id$v=19$m=1024,t=1,p=1$YWJjZGVmZ2hpamts$vbxLG4D5+cVqzRAUSd6CAg")


class Recording:
    """The real algorithm; notes what it is asked and how often at the same time."""

    def __init__(self) -> None:
        self.real = argon2id()
        self.verified: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        made = self.real.hash(password)
        with self._lock:
            self._now -= 1
        return made

    def verify(self, hash: str, password: str) -> bool:
        self.verified.append(hash)
        return self.real.verify(hash, password)

    def check_needs_rehash(self, hash: str) -> bool:
        return self.real.check_needs_rehash(hash)


async def test_an_unknown_account_costs_a_verification_too() -> None:
    algorithm = Recording()
    assert not await PasswordHasher(algorithm).verify(None, "nobody's password")
    assert len(algorithm.verified) == 1
    assert algorithm.verified[0].startswith("$argon2id$")


async def test_a_crowd_is_served_a_few_at_a_time() -> None:
    algorithm = Recording()
    hasher = PasswordHasher(algorithm)
    await asyncio.gather(*(hasher.hash("x") for _ in range(8)))
    assert 1 <= algorithm.most <= AT_ONCE
