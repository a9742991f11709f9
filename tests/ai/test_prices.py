"""What calls cost."""

from __future__ import annotations

import pytest

from flowstudio.ai.prices import Price, PriceTable
from flowstudio.ai.usage import Usage


def test_each_kind_of_token_has_its_price() -> None:
    price = Price("m", 10, 20, 1, 12)
    usage = Usage(input=1_000_000, output=500_000, cached=600_000, cache_writes=100_000)
    assert price.of(usage) == pytest.approx(3.0 + 0.6 + 1.2 + 10.0)
    assert Price("m", 10, 20).of(usage) == pytest.approx(10.0 + 10.0)


@pytest.mark.parametrize(
    ("name", "priced_as"),
    [
        ("gpt-5-mini-2026-01-01", "gpt-5-mini"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("openai/gpt-4o", "gpt-4o"),
        ("CLAUDE-HAIKU-4-5", "claude-haiku-4-5"),
        ("my-own", None),
    ],
)
def test_a_model_is_priced_by_the_longest_beginning(name: str, priced_as: str | None) -> None:
    found = PriceTable().find(name)
    assert (found.model if found else None) == priced_as


def test_own_prices_come_first_and_can_be_taken_back() -> None:
    table = PriceTable([Price("gpt-5-mini", 9, 9)])
    assert table.cost(Usage(1_000_000, 0), "gpt-5-mini-x") == 9
    table.use([])
    assert table.cost(Usage(1_000_000, 0), "gpt-5-mini-x") == 0.25
    assert table.cost(Usage(1, 1), "unknown") is None
