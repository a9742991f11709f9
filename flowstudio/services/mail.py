"""E-mail of FlowStudio itself: invitations and password links. Off unless FLOWSTUDIO_SMTP_URL is set."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from flowstudio.config import Settings
from flowstudio.errors import ConfigurationError

log = logging.getLogger(__name__)

TIMEOUT = 20.0
"""Seconds that the mail server may take for each answer."""
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    sender: str


def mail_server(settings: Settings) -> MailServer | None:
    """The configured server. Raises `ConfigurationError` for an address that makes no sense."""
    if settings.smtp_url is None:
        return None
    try:
        url = urlsplit(settings.smtp_url.get_secret_value())
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in PORTS or not url.hostname:
        raise ConfigurationError(
            "FLOWSTUDIO_SMTP_URL is not the address of a mail server; write smtp://user:password@host:587 or smtps://…"
        )
    user = unquote(url.username or "")
    sender = settings.mail_from or (user if "@" in user else "")
    if not sender:
        raise ConfigurationError("FLOWSTUDIO_MAIL_FROM is missing: the address that mails come from.")
    return MailServer(
        url.scheme, url.hostname, port or PORTS[url.scheme], user, unquote(url.password or ""), sender
    )


class Mailer:
    """Sends plain text, from a thread. A failure is logged: nobody waits for a mail."""

    def __init__(self, settings: Settings) -> None:
        self._server = mail_server(settings)
        self._pending: set[asyncio.Task[None]] = set()

    @property
    def on(self) -> bool:
        """Whether a mail server is configured."""
        return self._server is not None

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

    async def _send(self, server: MailServer, to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = server.sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="flowstudio.invalid")
        message.set_content(text)
        try:
            await asyncio.to_thread(_hand_in, server, message)
        except (OSError, smtplib.SMTPException) as error:
            log.error("a mail was not sent", extra={"server": server.host, "reason": type(error).__name__})


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


def _is_here(host: str) -> bool:
    """Whether the mail server is on this machine: nobody listens on the way."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
