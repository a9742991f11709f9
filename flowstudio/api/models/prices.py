"""Shapes of models' prices and names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.api.models.common import Shape, View

Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
"""US dollars for a million tokens."""


class PriceEntry(Shape):
    """What a model costs, in US dollars for a million tokens."""

    model: Annotated[str, Field(min_length=1, max_length=200, examples=["gpt-5-mini"])]
    """Its name, or the beginning of it."""
    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    """Read from the provider's cache; missing: as input."""
    cache_write: Dollars | None = None
    """Written to the provider's cache; missing: as input."""


class OwnPrices(Shape):
    """Prices that come before the shipped ones."""

    own: Annotated[list[PriceEntry], Field(max_length=1000)]


class PriceList(View):
    """All prices."""

    own: list[PriceEntry]
    shipped: list[PriceEntry]


class ModelNames(View):
    """Names of models."""

    models: list[str]
