"""Passwords: which are accepted, and how they are kept."""

from __future__ import annotations

import asyncio
from typing import Protocol

from flowstudio.errors import InvalidRequest

SHORTEST = 8
LONGEST = 1024
AT_ONCE = 2
"""Each computation takes about 50 ms and 19 MB on purpose, so a crowd of sign-ins waits in line."""

COMMON = frozenset(
    "password passwort 12345678 123456789 1234567890 87654321 11111111 00000000 qwertyui qwertyuiop qwerty123 "
    "password1 password123 iloveyou sunshine princess football baseball superman trustno1 letmein1 welcome1 "
    "admin123 administrator changeme flowstudio abcd1234 1q2w3e4r 1qaz2wsx asdfghjk zaq12wsx passw0rd".split()
)


def check_password(password: str) -> None:
    """Raises `InvalidRequest` for a password that is too short or that everybody tries first."""
    if len(password) < SHORTEST:
        raise InvalidRequest(f"The password has {len(password)} characters; use at least {SHORTEST}.")
    if len(password) > LONGEST:
        raise InvalidRequest(f"The password has {len(password)} characters; use at most {LONGEST}.")
    if password.casefold() in COMMON:
        raise InvalidRequest("Everybody tries this password first; choose another one.")


class Algorithm(Protocol):
    """What argon2-cffi's hasher does."""

    def hash(self, password: str) -> str:
        """A salted hash with its parameters."""

    def verify(self, hash: str, password: str) -> bool:
        """True, or raises."""

    def check_needs_rehash(self, hash: str) -> bool:
        """Whether the parameters are others now."""


def argon2id() -> Algorithm:
    """Argon2id with parameters above OWASP's least."""
    from argon2 import PasswordHasher as Argon2

    return Argon2(time_cost=3, memory_cost=19_456, parallelism=1)


class PasswordHasher:
    """Hashes in worker threads, a few at a time."""

    def __init__(self, algorithm: Algorithm | None = None) -> None:
        self._argon2 = algorithm or argon2id()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The text to store."""
        async with self._slots:
            return await asyncio.to_thread(self._argon2.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; takes as long when there is none stored."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, stored, password)

    def outdated(self, stored: str) -> bool:
        """Whether the text was made with other parameters than are used today."""
        return self._argon2.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        if stored is None and self._decoy is None:
            self._decoy = self._argon2.hash("nobody's password")
        try:
            matches = self._argon2.verify(stored or self._decoy or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None
