"""Estimates of tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.ai.tokens import estimate_tokens, pieces


@given(st.text(max_size=400))
def test_pieces_cover_the_text_without_gaps(text: str) -> None:
    spans = list(pieces(text))
    assert "".join(text[start:end] for start, end, _ in spans) == text


@given(st.text(alphabet="ab Zé語9\n .", max_size=80), st.data())
def test_tokens_of_two_halves_cut_between_pieces_add_up(text: str, data: st.DataObject) -> None:
    places = [start for start, _, _ in pieces(text)] + [len(text)]
    place = data.draw(st.sampled_from(places))
    assert estimate_tokens(text[:place]) + estimate_tokens(text[place:]) == estimate_tokens(text)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog.", 9, 14),  # GPT-4o counts 10
        ("internationalization", 1, 4),
        ("東京都の天気は晴れです。", 6, 14),
        ("def add(a, b):\n    return a + b\n", 11, 20),  # GPT-4o counts 13
    ],
)
def test_an_estimate_is_near_what_models_count(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most
