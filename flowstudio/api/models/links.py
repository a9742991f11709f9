"""Shapes of invitations and password links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from flowstudio.api.models.accounts import Email, GrantedRole, Password
from flowstudio.api.models.common import Line, Shape, View
from flowstudio.storage.records import AccountLink, Role

Token = Annotated[str, Field(min_length=1, max_length=100, examples=["r4nd0m…"])]
"""What stands behind the `#` of the link."""


class InvitationView(View):
    """An invitation, without its link."""

    id: str
    role: Role
    email: str
    """Whom it is for; empty: whoever has the link."""
    created_by: str | None
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, link: AccountLink) -> InvitationView:
        """From a stored one."""
        return cls(
            id=link.id,
            role=link.role or "viewer",
            email=link.email,
            created_by=link.created_by,
            created_at=link.created_at,
            expires_at=link.expires_at,
        )


class InvitationList(View):
    """The invitations that still work."""

    items: list[InvitationView]


class NewInvitation(Shape):
    """An invitation to be made."""

    role: GrantedRole = "editor"
    email: Email | None = None
    """Whom it is for; missing: whoever has the link."""
    days: Annotated[int, Field(ge=1, le=90)] = 7
    """How long it works."""


class MadeInvitation(View):
    """A new invitation. Its link is shown this once."""

    invitation: InvitationView
    link: str
    sent: bool
    """Whether it was sent by e-mail."""


class LinkToken(Shape):
    """What a link holds."""

    token: Token


class InvitationDetails(View):
    """What an invited person should know."""

    role: Role
    email: str
    """Of the account; empty: it can be chosen."""
    expires_at: datetime


class Acceptance(Shape):
    """The account of an invited person."""

    token: Token
    name: Annotated[Line, Field(examples=["Bob"])]
    email: Email
    """Ignored when the invitation names an address."""
    password: Password


class Forgotten(Shape):
    """Who needs a new password."""

    email: Annotated[str, Field(max_length=320, examples=["ada@example.com"])]


class NewPassword(Shape):
    """A new password, with the link that allows it."""

    token: Token
    password: Password
