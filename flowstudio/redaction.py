"""Secrets in use, and how they are made unreadable wherever they turn up: in items, errors, logs and live words.

A secret is recognised as it is, as JSON writes it, as part of an address, in Base64 (with whatever stands before it, in
both alphabets) and in hexadecimal digits. What is shorter than `SHORTEST` would be found everywhere, so it is recognised only where
it stands alone: as a whole value, in quotes, behind a sign such as `=`, and in errors and prints as a word.

Looking costs a search for each form of each secret, so an execution looks in its data for the secrets that it opened itself,
and most open none. Logs and error answers are looked through for everything that this process has opened.
"""

from __future__ import annotations

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
from pydantic import BaseModel, SecretBytes, SecretStr

MASK = "•••"
"""Stands where a secret stood."""
SHORTEST = 8
"""Characters that a secret must have to be looked for everywhere."""
SHORT = 4
"""Characters that it must have to be looked for where it stands alone."""
QUOTED = 12
"""Characters by which the beginning of a secret is recognised in an error."""
KEPT = 200
"""Secrets that a process remembers; the one that was used longest ago is forgotten first."""


_NEVER = re.compile(r"(?!)")
_WORD = re.compile(r"[\w-]")
"""What a short secret next to it does not stand alone by."""
_LETTER = "\U00010000"


@lru_cache(KEPT)
def forms(secret: str) -> tuple[str, ...]:
    """The texts in which a secret may turn up, the longest first."""
    data = secret.encode("utf-8", "surrogatepass")
    found = {secret, json.dumps(secret)[1:-1], orjson_text(secret), quote(secret, safe=""), quote(secret)}
    found.add(orjson_text(orjson_text(secret)))  # JSON within JSON
    found |= {quote_plus(secret), data.hex(), data.hex().upper()}
    for before in range(3):
        # Of the first and the last group only the characters that depend on nothing but the secret.
        whole = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        cut = whole[(0, 2, 3)[before] :]
        cut = cut if (before + len(data)) % 3 == 0 else cut[:-1]
        found |= {cut, cut.translate(_URL_SAFE)}
    return tuple(
        sorted((form for form in found if len(form) >= SHORTEST), key=lambda form: (-len(form), form))
    )


_URL_SAFE = str.maketrans("+/", "-_")


def orjson_text(secret: str) -> str:
    """A text as it stands in the JSON that is stored."""
    try:
        return orjson.dumps(secret).decode()[1:-1]
    except TypeError:  # half of a surrogate pair
        return secret


class Secrets:
    """Secrets to look for."""

    def __init__(self, parent: Secrets | None = None, *, shortest: int = SHORT) -> None:
        """What is learnt here is learnt by the `parent` too; what has less than `shortest` characters is not."""
        self._parent = parent
        self._shortest = shortest
        self._short: tuple[str, ...] = ()
        self._words = self._values = _NEVER
        """Where one that is short stands alone: in what people read, and in data."""
        self._forms: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._texts: tuple[str, ...] = ()
        self._needles: tuple[bytes, ...] = ()
        self._begins: dict[str, list[str]] = {}
        """The forms by their first character."""
        self.longest = 0
        """Characters of the longest form."""

    def __bool__(self) -> bool:
        return bool(self._texts or self._short)

    def learn(self, *secrets: str) -> None:
        """Look for these too."""
        new = [each for each in secrets if len(each) >= SHORTEST and each not in self._forms]
        for each in secrets:
            if each in self._forms:
                self._forms.move_to_end(each)
        if new:
            for each in new:
                self._forms[each] = forms(each)
            while len(self._forms) > KEPT:
                self._forms.popitem(last=False)
            texts = {form for found in self._forms.values() for form in found}
            self._texts = tuple(sorted(texts, key=lambda form: (-len(form), form)))
            self._begins = {}
            for form in self._texts:
                self._begins.setdefault(form[0], []).append(form)
            self._needles = tuple(form.encode("utf-8", "surrogatepass") for form in self._texts)
            self.longest = max(map(len, self._texts))
        short = {each for each in secrets if self._shortest <= len(each) < SHORTEST}
        if not short <= set(self._short):
            self._short = (*self._short, *sorted(short - set(self._short)))[-KEPT:]
            forms_ = {
                form for each in self._short for form in (each, orjson_text(each), quote(each, safe=""))
            }
            known = "|".join(map(re.escape, sorted(forms_, key=lambda form: (-len(form), form))))
            self._words = re.compile(rf"(?<![\w-])(?:{known})(?![\w-])")
            self._values = re.compile(rf"(?:(?<=[\"'=:@/])|(?<=[:=] )|\A)(?:{known})(?=[\"'&;,@\s}}\])]|\Z)")
        if self._parent is not None:
            self._parent.learn(*secrets)

    def learn_from(self, value: Any) -> None:
        """Look for everything secret in a credential, or in credentials."""
        self.learn(*_within(value))

    def within(self, data: bytes) -> bool:
        """Whether a secret is in there. Quick."""
        return any(needle in data for needle in self._needles)

    def mask(self, text: str) -> str:
        """A text that people read without secrets."""
        return self._words.sub(MASK, self._masked(text))

    def _masked(self, text: str) -> str:
        for form in self._texts:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def mask_quoted(self, text: str) -> str:
        """The text without secrets, nor beginnings of secrets: errors quote the beginning of what a service said."""
        text = self.mask(text)
        heads = {form[:QUOTED] for form in self._texts if len(form) >= QUOTED}
        while (at := min((at for head in heads if (at := text.find(head)) >= 0), default=-1)) >= 0:
            rest = text[at:]
            length = max(
                sum(1 for _ in takewhile(_alike, zip(form, rest, strict=False))) for form in self._texts
            )
            text = text[:at] + MASK + rest[length:]
        return text

    def clean(self, value: Any) -> Any:
        """JSON data without secrets: the same object when there was none in it. Keys are data, too."""
        if not self or value is None:
            return value
        try:
            data = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
            found = self.within(data) or (bool(self._short) and bool(self._values.search(data.decode())))
        except (TypeError, ValueError):  # what JSON's fast writer refuses, such as integers over 64 bits
            found = True
        return self._cleaned(value) if found else value

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._values.sub(MASK, self._masked(value))
        if isinstance(value, Mapping):
            return {self._cleaned(key): self._cleaned(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return (
                type(value)(self._cleaned(each) for each in value) if type(value) in (list, tuple) else value
            )
        if isinstance(value, bytes):
            return self.blanked(value)
        return value

    def blanked(self, data: bytes) -> bytes:
        """A file's bytes with secrets overwritten: it keeps its length."""
        for needle in self._needles:
            if needle in data:
                data = data.replace(needle, b"*" * len(needle))
        return data

    def stream(self) -> Stream:
        """Masks a text that comes in pieces."""
        return Stream(self)

    def held(self, text: str) -> int:
        """Where in a text the longest end begins that may be the beginning of a secret; its length when there is none."""
        begins = self._begins
        for at in range(max(0, len(text) - self.longest + 1), len(text)):
            if (found := begins.get(text[at])) is not None:
                rest = text[at:]
                for form in found:
                    if form.startswith(rest):
                        return at
        for at in range(max(0, len(text) - SHORTEST + 1), len(text)) if self._short else ():
            alone = at == 0 or not _WORD.match(text[at - 1])
            if alone and any(short.startswith(text[at:]) for short in self._short):
                return at
        return len(text)


class Stream:
    """One text in pieces. What may be the beginning of a secret is kept back until more came."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._kept = ""
        self._within = ""
        """A letter of no secret where the last that was told was one: what follows does not stand alone."""

    def add(self, piece: str) -> str:
        """What can be told now."""
        if not self._secrets:
            return piece
        text = self._secrets.mask(self._within + self._kept + piece)
        at = self._secrets.held(text)
        told, self._kept = text[len(self._within) : at], text[at:]
        if told:
            self._within = _LETTER if _WORD.match(told[-1]) else ""
        return told

    def end(self) -> str:
        """The rest."""
        kept, self._kept = self._kept, ""
        return kept


in_use = Secrets(shortest=SHORTEST)
"""Everything that this process has opened, but for what is so short that it would be found in every log."""


def has_short(value: Any) -> bool:
    """Whether a credential holds a secret that is too short to be found everywhere."""
    return any(0 < len(each) < SHORTEST for each in _within(value))


def _alike(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def _within(value: Any) -> Iterable[str]:
    if isinstance(value, SecretStr):
        yield from _parts(value.get_secret_value())
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _within(getattr(value, name))
        if callable(more := getattr(value, "more_secrets", None)):
            yield from more()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for each in value:
            yield from _within(each)


def _parts(secret: str) -> Iterable[str]:
    """A secret, and what is secret by itself in it: the token of `Bearer …`, the private key of a key file."""
    yield secret
    if "\n" not in secret and len(last := secret.rpartition(" ")[2]) >= SHORTEST:
        yield last
    if secret.lstrip().startswith("{"):
        try:
            held = json.loads(secret)
        except ValueError:
            return
        for name, each in held.items() if isinstance(held, dict) else ():
            if isinstance(each, str) and any(word in name for word in ("key", "secret", "token", "password")):
                yield each
