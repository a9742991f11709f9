"""The embedder that needs no key: meaning, order, unit length; it downloads nothing and costs nothing before its first use."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import pytest

from flowstudio.ai.embedders.local import LETTERS, MEANING, LocalEmbedder, embed_by_letters, embed_by_meaning

Embed = Callable[[list[str]], tuple[list[list[float]], int]]
WAYS = pytest.mark.parametrize("embed", [embed_by_meaning, embed_by_letters])


def likeness(one: list[float], two: list[float]) -> float:
    return sum(a * b for a, b in zip(one, two, strict=True))


async def test_questions_are_nearest_to_what_answers_them() -> None:
    passages = [
        "You can send a product back within thirty days and get your money refunded.",
        "Our office in Lisbon is open from nine to five on weekdays.",
        "Charge the battery for two hours before you use the headset.",
    ]
    embedder = LocalEmbedder()
    known = (await embedder.embed(passages, "passage")).vectors
    for question, answer in (
        ("How do I return an order for a refund?", 0),
        ("When are you open?", 1),
        ("How long does charging take?", 2),
    ):
        asked = (await embedder.embed([question], "query")).vectors[0]
        scores = [likeness(asked, vector) for vector in known]
        assert scores.index(max(scores)) == answer, (question, scores)


@WAYS
def test_vectors_are_of_unit_length_and_equal_for_equal_texts(embed: Embed) -> None:
    texts = ["a short text", "", "   ", "東京", "🙂", "a short text", "x" * 20_000]
    vectors, tokens = embed(texts)
    assert len({len(vector) for vector in vectors}) == 1
    assert all(math.isclose(likeness(vector, vector), 1, abs_tol=1e-4) for vector in vectors)
    assert vectors[0] == vectors[5]
    assert vectors[0] != vectors[3]
    assert tokens > 0


def test_letters_find_words_with_other_endings() -> None:
    vectors, _ = embed_by_letters(["invoices were paid", "the invoice is payable", "a cat sleeps"])
    assert likeness(vectors[0], vectors[1]) > likeness(vectors[0], vectors[2]) + 0.1


async def test_many_texts_keep_their_order_and_their_tokens_are_counted() -> None:
    texts = [f"text number {number}" for number in range(150)]
    embedder = LocalEmbedder()
    embedded = await embedder.embed(texts, "passage")
    assert embedded.vectors[137] == (await embedder.embed([texts[137]], "passage")).vectors[0]
    assert embedded.usage.input >= 3 * len(texts)
    assert (await embedder.embed([], "passage")).vectors == []


async def test_half_of_a_surrogate_pair_is_no_obstacle() -> None:
    assert len((await LocalEmbedder().embed(["broken \ud83d text"], "passage")).vectors) == 1


def test_the_two_ways_never_share_a_name() -> None:
    assert LocalEmbedder().name in (MEANING, LETTERS)
    assert len({MEANING, LETTERS}) == 2


def test_nothing_heavy_is_loaded_before_the_first_text() -> None:
    code = (
        "import sys\nfrom flowstudio.ai.embedders.local import LocalEmbedder\nLocalEmbedder()\n"
        "print([name for name in ('numpy', 'tokenizers', 'safetensors', 'wordllama') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
