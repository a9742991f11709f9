"""E-mail of FlowStudio itself: invitations and password links. Off until a mail server is set, on a page or in the environment."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError
from flowstudio.redaction import in_use

log = logging.getLogger(__name__)

TIMEOUT = 20.0
"""Seconds that the mail server may take for each answer."""
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    scheme: Literal["smtp", "smtps"]
    """`smtp` asks for TLS once it is connected, and insists on it but on this machine; `smtps` begins with TLS."""
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str


def mail_server(settings: Settings) -> MailServer | None:
    """The server of the environment. Raises `ConfigurationError` for an address that makes no sense."""
    if settings.smtp_url is None:
        return None
    try:
        url = urlsplit(settings.smtp_url.get_secret_value())
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in ("smtp", "smtps") or not url.hostname:
        raise ConfigurationError(
            "FLOWSTUDIO_SMTP_URL is not the address of a mail server; write smtp://user:password@host:587 or smtps://…"
        )
    scheme: Literal["smtp", "smtps"] = "smtps" if url.scheme == "smtps" else "smtp"
    user = unquote(url.username or "")
    sender = settings.mail_from or (user if "@" in user else "")
    if not sender:
        raise ConfigurationError("FLOWSTUDIO_MAIL_FROM is missing: the address that mails come from.")
    return MailServer(scheme, url.hostname, port or PORTS[scheme], user, unquote(url.password or ""), sender)


class Mailer:
    """Sends plain text, from a thread. A failure is logged: nobody waits for a mail."""

    def __init__(self, server: MailServer | None = None) -> None:
        self._server: MailServer | None = None
        self._pending: set[asyncio.Task[None]] = set()
        self.use(server)

    @property
    def on(self) -> bool:
        """Whether a mail server is set."""
        return self._server is not None

    def use(self, server: MailServer | None) -> None:
        """Hand mails in there from now on."""
        self._server = server
        if server is not None:
            in_use.learn(server.password)

    def send(self, to: str, subject: str, text: str) -> None:
        """Send soon."""
        if self._server is None:
            return
        task = asyncio.create_task(self._send(self._server, to, subject, text))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def close(self) -> None:
        """Wait for what is being sent."""
        await asyncio.gather(*self._pending)

    async def attempt(self, to: str, subject: str, text: str) -> str:
        """Send now. What went wrong, in a sentence for an admin; empty when nothing did."""
        if self._server is None:
            return "No mail server is set."
        try:
            await self._hand_over(self._server, to, subject, text)
        except (OSError, smtplib.SMTPException) as error:
            return _reason(self._server, error)
        return ""

    async def _send(self, server: MailServer, to: str, subject: str, text: str) -> None:
        try:
            await self._hand_over(server, to, subject, text)
        except (OSError, smtplib.SMTPException) as error:
            log.error("a mail was not sent", extra={"server": server.host, "reason": type(error).__name__})

    async def _hand_over(self, server: MailServer, to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = server.sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="flowstudio.invalid")
        message.set_content(text)
        await asyncio.to_thread(_hand_in, server, message)


def _hand_in(server: MailServer, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    with connection:
        connection.ehlo()
        if server.scheme == "smtp" and (connection.has_extn("starttls") or not _is_here(server.host)):
            connection.starttls(context=context)  # raises when another machine offers none
            connection.ehlo()
        if server.user:
            connection.login(server.user, server.password)
        connection.send_message(message)


def _reason(server: MailServer, error: Exception) -> str:
    """Never what the server said: it may repeat what it was given."""
    place = f"{server.host}:{server.port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"{place} refused the user or the password."
        case smtplib.SMTPNotSupportedError():
            return f"{place} offers no TLS, or no sign-in that FlowStudio knows. Choose the other kind of encryption, or another port."
        case smtplib.SMTPSenderRefused() | smtplib.SMTPRecipientsRefused():
            return f"{place} takes no mail from {server.sender} to this address. Check the sender."
        case ssl.SSLError():
            return f"{place} could not be reached by TLS: its certificate does not fit, or it speaks no TLS on this port."
        case TimeoutError():
            return f"{place} did not answer within {TIMEOUT:g} seconds. Check server and port."
        case smtplib.SMTPException():
            return f"{place} did not take the mail. Check port and encryption."
        case _:
            return f"{place} could not be reached. Check server and port."


def _is_here(host: str) -> bool:
    """Whether the mail server is on this machine: nobody listens on the way."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
