"""Why a request got no response, in words."""

from __future__ import annotations

import httpx

from flowstudio.errors import NodeError

_UNTOLD = {"": "the connection was refused", "All connection attempts failed": "nothing answers there"}
"""What to say instead of texts that tell people nothing."""


def place(url: httpx.URL) -> str:
    """An address as error texts show it: without user, password and query, which may hold secrets."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def explained(error: Exception, url: httpx.URL, timeout: float) -> NodeError:
    """The error to raise for what httpx or the clock reports. All of them may pass when tried again, unless said otherwise."""
    where, text = place(url), str(error)
    if isinstance(error, httpx.InvalidURL):
        return NodeError(f"{where} redirected to something that is not an address: {text}.")
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return NodeError(f"The request to {where} cannot be sent: {text}. Check the headers and the method.")
    if isinstance(error, httpx.ConnectTimeout | TimeoutError | httpx.TimeoutException):
        return NodeError(
            f"{where} did not answer within {timeout:g} seconds. Try again later, or raise the timeout.",
            retryable=True,
        )
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return NodeError(
                f"The certificate of {where} is not trusted: {text.partition('failed: ')[2] or text}. "
                "If you know the server, turn on 'Ignore SSL issues'."
            )
        if "no server named" in text:
            return NodeError(f"There is no server named '{url.host}'. Check the address.", retryable=True)
        return NodeError(
            f"{where} cannot be reached: {_UNTOLD.get(text, text)}. Is the server running?",
            retryable=True,
        )
    return NodeError(
        f"The connection to {where} broke: {text or type(error).__name__}. Try again.", retryable=True
    )
