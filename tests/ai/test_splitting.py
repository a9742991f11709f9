"""Splitting: nothing is lost, sizes are bounded, overlap is right, and cuts are where a reader would pause."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.ai.documents import Document
from flowstudio.ai.splitting import slices, split
from flowstudio.ai.tokens import estimate_tokens

TEXTS = st.lists(
    st.sampled_from(
        [
            "word ",
            "sentence. ",
            "\n",
            "\n\n",
            "# Heading\n",
            "```\ncode\n\nmore()\n```\n",
            "  ",
            "東京",
            "x" * 40,
            "é",
        ]
    ),
    max_size=120,
).map("".join) | st.text(max_size=300)


@given(TEXTS, st.integers(4, 60), st.floats(0, 0.5))
def test_nothing_is_lost_and_no_passage_is_too_long(text: str, size: int, share: float) -> None:
    cuts = slices(text, size, int(size * share))
    covered: set[int] = set()
    for cut in cuts:
        part = text[cut.start : cut.end]
        assert part == part.strip()
        assert part
        assert estimate_tokens(part) <= size
        covered.update(range(cut.start, cut.end))
    assert {index for index, letter in enumerate(text) if not letter.isspace()} <= covered


@given(TEXTS, st.integers(4, 60), st.floats(0, 0.5))
def test_passages_advance_and_overlap_no_more_than_asked(text: str, size: int, share: float) -> None:
    overlap = int(size * share)
    for one, two in pairwise(slices(text, size, overlap)):
        assert one.start <= two.start
        assert one.end < two.end
        assert estimate_tokens(text[two.start : one.end]) <= overlap


def test_neighbours_share_words_when_there_is_overlap() -> None:
    text = " ".join(f"word{number}" for number in range(400))
    cuts = slices(text, 50, 20)
    assert len(cuts) > 8
    assert all(10 <= estimate_tokens(text[two.start : one.end]) <= 20 for one, two in pairwise(cuts))
    assert all(text[cut.start - 1 : cut.start] in ("", " ") for cut in cuts)


def test_without_overlap_passages_do_not_meet() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    assert all(one.end <= two.start for one, two in pairwise(slices(text, 30, 0)))


def test_headings_and_paragraphs_begin_passages() -> None:
    section = (
        "Some words that fill a paragraph, so that it is long enough.\n\nAnother paragraph follows it here."
    )
    text = "\n\n".join(f"# Part {number}\n\n{section}" for number in range(6))
    passages = split(Document(text, "guide.md", {"author": "Ada"}), 40, 0)
    assert [passage.metadata["heading"] for passage in passages] == [f"Part {number}" for number in range(6)]
    assert all(passage.text.startswith("# Part") for passage in passages)
    assert passages[2].metadata == {"author": "Ada", "heading": "Part 2", "part": 3}
    assert passages[2].source == "guide.md"


def test_code_that_fits_is_not_cut() -> None:
    code = "```python\ndef one():\n    return 1\n\ndef two():\n    return 2\n```\n"
    text = "Words before the code. " * 6 + "\n\n" + code + "\n" + "Words after the code. " * 6
    parts = [text[cut.start : cut.end] for cut in slices(text, 60, 0)]
    assert any(code.strip() in part for part in parts)


def test_a_hash_in_code_is_no_heading() -> None:
    text = "# Real\n\n```\n# a comment\n```\n\nWords."
    assert {cut.heading for cut in slices(text, 6, 0)} == {"Real"}


@pytest.mark.parametrize(("size", "overlap"), [(10, 6), (1, 0), (10, -1)])
def test_an_impossible_size_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        slices("text", size, overlap)
