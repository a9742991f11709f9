"""Prices and names of models."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from flowstudio.ai.prices import Price
from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.prices import ModelNames, OwnPrices, PriceEntry, PriceList
from flowstudio.api.routes import needs, refusals, router

resource = router("Models")

Credential = Annotated[
    str, Path(max_length=64, description="The credential.", examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"])
]


@resource.get(
    "/models/prices",
    summary="Read the prices of models",
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def read_prices(caller: SignedIn, studio: Studio) -> PriceList:
    """In US dollars for a million tokens. A model is priced by the longest entry that its name begins with; own entries come
    before shipped ones of the same name."""
    own = [_entry(price) for price in await studio.pricing.own(caller)]
    return PriceList(own=own, shipped=[_entry(price) for price in studio.pricing.shipped(caller)])


@resource.put(
    "/models/prices",
    summary="Set own prices of models",
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("admin"),
)
async def set_prices(body: OwnPrices, caller: SignedIn, studio: Studio) -> PriceList:
    """Replaces all own prices. Runs use them from now on; what has been counted stays."""
    prices = [Price(e.model, e.input, e.output, e.cached, e.cache_write) for e in body.own]
    own = [_entry(price) for price in await studio.pricing.replace(caller, prices)]
    return PriceList(own=own, shipped=[_entry(price) for price in studio.pricing.shipped(caller)])


@resource.get(
    "/credentials/{id}/models",
    summary="List the models of an account",
    responses=refusals(400, 401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def list_models(id: Credential, caller: SignedIn, studio: Studio) -> ModelNames:
    """Asks the provider which models the account may use; for some minutes the answer is kept. 409 when it does not say."""
    return ModelNames(models=await studio.model_names.of(caller, id))


def _entry(price: Price) -> PriceEntry:
    return PriceEntry(
        model=price.model,
        input=price.input,
        output=price.output,
        cached=price.cached,
        cache_write=price.cache_write,
    )
