"""Hashes for expressions, from the interpreter's own modules: OpenSSL would cost every child five megabytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_HOMES = {
    "md5": ("_md5", "md5"),
    "sha1": ("_sha1", "sha1"),
    "sha224": ("_sha2", "_sha256", "sha224"),
    "sha256": ("_sha2", "_sha256", "sha256"),
    "sha384": ("_sha2", "_sha512", "sha384"),
    "sha512": ("_sha2", "_sha512", "sha512"),
    "sha3": ("_sha3", "sha3_512"),
    "sha3256": ("_sha3", "sha3_256"),
    "sha3384": ("_sha3", "sha3_384"),
    "sha3512": ("_sha3", "sha3_512"),
}
"""Name without dashes to the modules that may have it and its name there."""


def _find(*homes: str) -> Callable[[bytes], Any] | None:
    *modules, name = homes
    for module in modules:
        try:
            found: Callable[[bytes], Any] = getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
        return found
    return None


_DIGESTS = {name: found for name, homes in _HOMES.items() if (found := _find(*homes)) is not None}


def digest(name: str, text: str) -> str:
    """Hash of a text's UTF-8 in hexadecimal, empty for an algorithm that does not exist."""
    found = _DIGESTS.get(name.lower().replace("-", "").replace("_", ""))
    return str(found(text.encode("utf-8", "surrogatepass")).hexdigest()) if found else ""
