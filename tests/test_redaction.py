"""Secrets are recognised in every form, in whatever pieces they come."""

from __future__ import annotations

import base64
import random
import statistics
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import orjson
import pytest
from pydantic import BaseModel, SecretStr

from flowstudio.redaction import KEPT, MASK, SHORTEST, Secrets

SECRET = 'p/4+ss "wörd" <&> 99'


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("after", ["", "!", "!!", "!!!"])
def test_base64_is_recognised_wherever_the_secret_begins_in_it(before: str, after: str) -> None:
    secrets = Secrets()
    secrets.learn(SECRET)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(f"{before}{SECRET}{after}".encode()).decode()
        core = encode(SECRET.encode()).decode()[4:-4]
        assert MASK in secrets.mask(text)
        assert core not in secrets.mask(text)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"https://x/?key={quote(SECRET, safe='')}",
        quote(SECRET),
        quote_plus(SECRET),
        orjson.dumps({"a": SECRET}).decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_every_form_is_masked(text: str) -> None:
    secrets = Secrets()
    secrets.learn(SECRET)
    assert MASK in secrets.mask(f"before {text} after")


def test_data_is_cleaned_deeply_and_left_alone_where_there_is_nothing() -> None:
    secrets = Secrets()
    secrets.learn(SECRET)
    innocent = {"a": [1, {"b": "text"}], "n": 2**80}
    assert secrets.clean({"a": [1]}) == {"a": [1]}
    same = [{"a": "text"}]
    assert secrets.clean(same) is same
    assert secrets.clean(innocent) == innocent
    dirty = {"a": [{"b": f"x{SECRET}y"}], f"k{SECRET}": None, "c": (SECRET, b"raw " + SECRET.encode())}
    assert secrets.clean(dirty) == {
        "a": [{"b": f"x{MASK}y"}],
        f"k{MASK}": None,
        "c": (MASK, b"raw " + b"*" * len(SECRET.encode())),
    }


def test_a_secret_split_over_pieces_never_shows() -> None:
    chance = random.Random(7)
    for _ in range(300):
        secrets = Secrets()
        secrets.learn(SECRET, "sk-abcdefgh")
        text = f"aa{SECRET}bb sk-abcdefgh sk-abcdefg p/4+ss"
        stream, told, at = secrets.stream(), [], 0
        while at < len(text):
            size = chance.randint(1, 9)
            told.append(stream.add(text[at : at + size]))
            at += size
        told.append(stream.end())
        assert "".join(told) == f"aa{MASK}bb {MASK} sk-abcdefg p/4+ss"


@pytest.mark.parametrize("kept", range(12, 33))
def test_the_beginning_of_a_secret_that_an_error_quotes_is_masked(kept: int) -> None:
    secret = "sk-Zq8x/Lw3vT5+aT9uVe2=more&long"
    secrets = Secrets()
    secrets.learn(secret, "another, longer one")
    for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
        said = secrets.mask_quoted(f"It said: {form[:kept]}. And {form[:kept]}…")
        assert said == f"It said: {MASK}. And {MASK}…"
    assert secrets.mask_quoted(f"It said: {secret[:8]}.") == f"It said: {secret[:8]}."


def test_a_short_secret_is_found_where_it_stands_alone() -> None:
    secrets = Secrets()
    secrets.learn("hunt3r", "pa ss&", "a+b")
    for text in (
        "hunt3r",
        "Wrong password: hunt3r.",
        "user=me&password=hunt3r&x=1",
        "postgresql://me:hunt3r@host",
        '{"password": "hunt3r"}',
        "pa%20ss%26",
    ):
        assert MASK in secrets.mask(text), text
        assert "hunt3r" not in secrets.mask(text)
    data = {"a": "hunt3r", "b": ["x-hunt3r", "ahunt3r", "the hunt3r won"], "hunt3r": 1, "c": "pw=hunt3r;"}
    assert secrets.clean(data) == {
        "a": MASK,
        "b": ["x-hunt3r", "ahunt3r", "the hunt3r won"],
        MASK: 1,
        "c": f"pw={MASK};",
    }
    assert secrets.clean({"a": "pa ss&"}) == {"a": MASK}
    same = {"a": "hunt3rs", "b": "a+b"}
    assert secrets.clean(same) is same


def test_a_short_secret_split_over_pieces_never_shows() -> None:
    for size in range(1, 8):
        secrets = Secrets()
        secrets.learn("hunt3r")
        stream, text = secrets.stream(), "say hunt3r and hunt"
        told = [stream.add(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join([*told, stream.end()]) == f"say {MASK} and hunt"


def test_the_end_of_a_word_is_told_at_once_although_a_short_secret_begins_like_it() -> None:
    secrets = Secrets()
    secrets.learn("sk-1")
    stream = secrets.stream()
    assert [stream.add(piece) for piece in ("It", " costs", " ask", "-1", " s", "k-1", ".")] == [
        "It",
        " costs",
        " ask",
        "-1",
        " ",
        MASK,
        ".",
    ]
    stream = secrets.stream()
    assert [stream.add(piece) for piece in ("a", "sk-1", " a", "s", "k-1")] == ["a", "sk-1", " a", "s", "k-1"]


def test_what_is_too_short_to_mean_anything_is_left_alone() -> None:
    secrets = Secrets()
    secrets.learn("123")
    assert not secrets
    assert secrets.mask("123") == "123"
    parent = Secrets(shortest=SHORTEST)
    Secrets(parent).learn("1234567", "12345678")
    assert parent.mask("1234567 12345678") == f"1234567 {MASK}"


class Account(BaseModel):
    """A credential."""

    user: str
    password: SecretStr


def test_credentials_give_their_secrets_and_nothing_else() -> None:
    secrets = Secrets()
    secrets.learn_from(
        {"a": Account(user="administrator", password=SecretStr("Bearer tok-12345678")), "b": None}
    )
    key = '{"type": "service_account", "private_key": "-----BEGIN-----abc", "client_id": "12345678901"}'
    secrets.learn_from([Account(user="x", password=SecretStr(key))])
    shown = secrets.mask("administrator tok-12345678 -----BEGIN-----abc 12345678901")
    assert shown == f"administrator {MASK} {MASK} 12345678901"


def test_the_parent_learns_too_and_forgets_what_was_not_used_for_longest() -> None:
    parent = Secrets()
    child = Secrets(parent)
    child.learn("first-secret")
    for number in range(KEPT - 1):
        parent.learn(f"secret-{number:05}")
    child.learn("first-secret")
    parent.learn("last-secret")
    assert parent.mask("first-secret secret-00000 last-secret") == f"{MASK} secret-00000 {MASK}"


def test_looking_through_an_outcome_costs_little() -> None:
    """10 kB of items and three secrets, against writing the same items as JSON: a small multiple, whatever the machine."""
    secrets = Secrets()
    secrets.learn(*(f"sk-{random.Random(n).getrandbits(128):032x}" for n in range(3)))
    items = [{"id": n, "text": "words and words " * 5} for n in range(100)]
    assert 9_000 < len(orjson.dumps(items)) < 12_000

    def took(work: Callable[[], object]) -> float:
        times = []
        for _ in range(30):
            began = time.thread_time()
            for _ in range(20):
                work()
            times.append((time.thread_time() - began) / 20)
        return statistics.median(times)

    look, write = took(lambda: secrets.clean(items)), took(lambda: orjson.dumps(items))
    assert look < max(40 * write, 400e-6)
    assert took(lambda: Secrets().clean(items)) < write
