"""Shapes of the network rules."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from flowstudio.api.models.common import Line, Shape, View
from flowstudio.services.network import MOST
from flowstudio.services.network import NetworkRules as Rules

Hosts = Annotated[list[Line], Field(max_length=MOST, examples=[["intranet.local:8080", "10.0.0.0/8"]])]


class NetworkRules(Shape):
    """Both lists. An entry is a name (`intranet.local`), a name with a port, all names below one (`*.intranet.local`), or a
    network (`10.0.0.0/8`)."""

    allowed: Hosts
    """Hosts of the own network that may be called."""
    denied: Hosts
    """Hosts that may not be called, whatever else is allowed."""


class NetworkRulesView(View):
    """Both lists, and what the configuration adds."""

    allowed: list[str]
    """Hosts of the own network that may be called."""
    denied: list[str]
    """Hosts that may not be called, whatever else is allowed."""
    configured: list[str]
    """Hosts that FLOWSTUDIO_ALLOW_HOSTS allows."""

    @classmethod
    def of(cls, rules: Rules) -> Self:
        """As the API gives it."""
        return cls(allowed=list(rules.allowed), denied=list(rules.denied), configured=list(rules.configured))
