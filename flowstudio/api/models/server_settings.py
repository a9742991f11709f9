"""Shapes of what admins set for the server."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field

from flowstudio.api.models.accounts import Email
from flowstudio.api.models.common import Shape, View, whole
from flowstudio.services.server_settings import ServerSettings as Values

Whole = BeforeValidator(whole)


class Mail(Shape):
    """Where invitations and links for new passwords are handed in."""

    host: Annotated[
        str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9:._-]+$", examples=["mail.example.com"])
    ]
    security: Literal["starttls", "tls"] = "starttls"
    """`starttls` turns to TLS once connected, usually on port 587; `tls` begins with it, usually on port 465."""
    port: Annotated[int, Field(ge=1, le=65535), Whole] | None = None
    """Missing: the usual one."""
    user: Annotated[str, Field(max_length=320, pattern=r"^[^\x00-\x1f]*$")] = ""
    """Empty where the server asks for none."""
    password: (
        Annotated[
            str, Field(max_length=1000, pattern=r"^[^\x00-\x1f]*$", json_schema_extra={"format": "password"})
        ]
        | None
    ) = None
    """Missing: the stored one, which is kept for the same server, port and user only."""
    sender: Email
    """The address that mails come from."""


class ServerSettings(Shape):
    """Everything at once; what is missing takes its default, and without `mail` no mail is sent."""

    retention_days: Annotated[float, Field(ge=0.01, le=36_500)] | None = None
    """Days after which finished executions are deleted."""
    retention_count: Annotated[int, Field(ge=1, le=100_000_000), Whole] | None = None
    """Finished executions that are kept at most."""
    max_body: Annotated[int, Field(ge=1_048_576, le=1_073_741_824), Whole] | None = None
    """Bytes that a request may have."""
    concurrency: Annotated[int, Field(ge=1, le=10_000), Whole] | None = None
    """Executions that run at the same time in one process."""
    concurrency_total: Annotated[int, Field(ge=0, le=1_000_000), Whole] | None = None
    """Executions that run at the same time in all processes together; 0 for no limit."""
    mail: Mail | None = None


class MailView(View):
    """The mail server, without its password."""

    host: str
    security: Literal["starttls", "tls"]
    port: int
    user: str
    has_password: bool
    sender: str


class ServerSettingsView(View):
    """What holds."""

    retention_days: float
    retention_count: int
    max_body: int
    concurrency: int
    concurrency_total: int
    mail: MailView | None
    defaults: dict[str, float]
    """What holds where nothing is set."""
    fixed: dict[str, str]
    """Settings that the environment sets, which cannot be changed here, with the names of their variables."""

    @classmethod
    def of(cls, values: Values) -> Self:
        """As the API gives it."""
        mail = values.mail
        shown = None
        if mail is not None:
            shown = MailView(
                host=mail.host,
                security="tls" if mail.scheme == "smtps" else "starttls",
                port=mail.port,
                user=mail.user,
                has_password=bool(mail.password),
                sender=mail.sender,
            )
        return cls(
            retention_days=values.retention_days,
            retention_count=values.retention_count,
            max_body=values.max_body,
            concurrency=values.concurrency,
            concurrency_total=values.concurrency_total,
            mail=shown,
            defaults=values.defaults,
            fixed=values.fixed,
        )


class MailTrial(View):
    """What came of a test mail."""

    sent: bool
    """Whether the mail server took it."""
    message: str
    """For people."""
