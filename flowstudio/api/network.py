"""The network rules of this installation."""

from __future__ import annotations

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.network import NetworkRules, NetworkRulesView
from flowstudio.api.routes import needs, refusals, router

resource = router("Installation")


@resource.get(
    "/network-rules",
    summary="Read the network rules",
    responses=refusals(401, 403),
    openapi_extra=needs("admin"),
)
async def read_network_rules(caller: SignedIn, studio: Studio) -> NetworkRulesView:
    """Which hosts workflows may call besides those of the public internet, and which they may not."""
    return NetworkRulesView.of(await studio.network.get(caller))


@resource.put(
    "/network-rules",
    summary="Set the network rules",
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("admin"),
)
async def set_network_rules(body: NetworkRules, caller: SignedIn, studio: Studio) -> NetworkRulesView:
    """Replaces both lists. They hold at once, for everything that workflows, agents, credentials and imports call."""
    return NetworkRulesView.of(await studio.network.replace(caller, body.allowed, body.denied))
