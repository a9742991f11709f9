"""Calls of webhooks, and their answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from flowstudio.nodes.http.answer import Answer


class StreamBroken(Exception):  # it is an end, not a fault of ours
    """An execution failed while its words were being sent: the answer must not look complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A call as it arrived."""

    method: str
    path: str
    """Behind `/webhook/`."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    client: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What the caller gets."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(default=b"", repr=False)
    stream: AsyncGenerator[bytes] | None = field(default=None, repr=False)
    """More of the body, piece by piece as it comes. Close it when the caller is gone."""


@dataclass(frozen=True, slots=True)
class OpenAddress:
    """Where a Webhook node is called while somebody listens."""

    node: str
    method: str
    url: str


def refusal(status: int, code: str, message: str, execution: str | None = None) -> Answer:
    """An answer that says what went wrong, in the shape of the API's errors."""
    detail = {"execution_id": execution} if execution else None
    return {
        "status": status,
        "headers": {},
        "json": {"error": {"code": code, "message": message, "detail": detail}},
    }
