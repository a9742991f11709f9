"""HTTP to the outside, with the rules about which addresses may be called."""

from flowstudio.outbound.addresses import AddressRules
from flowstudio.outbound.client import (
    MAX_REDIRECTS,
    RESPONSE_LIMIT,
    TIMEOUT,
    Outbound,
    Request,
    Response,
    Streamed,
)

__all__ = [
    "MAX_REDIRECTS",
    "RESPONSE_LIMIT",
    "TIMEOUT",
    "AddressRules",
    "Outbound",
    "Request",
    "Response",
    "Streamed",
]
