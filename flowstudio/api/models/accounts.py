"""Shapes of accounts, sessions and keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from flowstudio.api.models.common import Line, Shape, View, whole
from flowstudio.services.accounts import session_name
from flowstudio.services.callers import Caller
from flowstudio.services.passwords import COMMON, LONGEST, SHORTEST
from flowstudio.storage.records import ApiKey, KeyScope, Role, Session, User

Email = Annotated[
    str,
    Field(
        min_length=3,
        max_length=320,
        pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,255}$",
        examples=["ada@example.com"],
    ),
]
Password = Annotated[
    str,
    Field(
        min_length=SHORTEST,
        max_length=LONGEST,
        json_schema_extra={"format": "password", "not": {"enum": sorted(COMMON)}},
        examples=["correct horse battery"],
    ),
]
GivenPassword = Annotated[
    str,
    Field(max_length=LONGEST, json_schema_extra={"format": "password"}, examples=["correct horse battery"]),
]
GrantedRole = Literal["admin", "editor", "viewer"]


class SetupState(View):
    """Whether the owner's account has still to be made."""

    needed: bool
    can_reset: bool
    """Whether forgotten passwords can be reset by e-mail."""


class Setup(Shape):
    """The owner's account."""

    name: Annotated[Line, Field(examples=["Ada"])]
    email: Email
    password: Password


class Login(Shape):
    """Who signs in."""

    email: Annotated[str, Field(max_length=320, examples=["ada@example.com"])]
    password: GivenPassword


class UserView(View):
    """An account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "0199…", "name": "Ada", "email": "ada@example.com", "role": "owner"}]
        }
    )

    id: str
    name: str
    email: str
    role: Role
    created_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> UserView:
        """From a stored account."""
        return cls(id=user.id, name=user.name, email=user.email, role=user.role, created_at=user.created_at)


class Me(View):
    """Who calls, and how they showed it."""

    id: str
    name: str
    email: str
    role: Role
    via: Literal["session", "api_key", "cli"]

    @classmethod
    def of(cls, caller: Caller) -> Me:
        """From a caller."""
        return cls(id=caller.user_id, name=caller.name, email=caller.email, role=caller.role, via=caller.via)


class UserAnswer(View):
    """One account."""

    user: UserView


class MeAnswer(View):
    """The caller."""

    user: Me


class UserList(View):
    """All accounts."""

    items: list[UserView]


class NewUser(Shape):
    """An account to be made."""

    name: Annotated[Line, Field(examples=["Bob"])]
    email: Email
    password: Password
    role: GrantedRole = "editor"


class UserChange(Shape):
    """What to change of an account; what is missing stays. A new password ends the account's sessions."""

    name: Annotated[Line, Field(examples=["Bob"])] | None = None
    role: GrantedRole | None = None
    password: Password | None = None


class MeChange(Shape):
    """What to change of one's own account."""

    name: Annotated[Line, Field(examples=["Ada"])]


class PasswordChange(Shape):
    """A new password for oneself."""

    old_password: GivenPassword
    new_password: Password


class NewKey(Shape):
    """A key to be made."""

    name: Annotated[Line, Field(examples=["deploy script"])]
    scope: KeyScope = "full"
    """What it may do of what its person may."""
    expires_in_days: Annotated[int, Field(ge=1, le=3650), BeforeValidator(whole)] | None = None
    """Missing: it works until it is revoked."""


class KeyView(View):
    """An API key, without its text."""

    id: str
    name: str
    prefix: str
    """The first characters, to tell keys apart."""
    user_id: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    scope: KeyScope

    @classmethod
    def of(cls, key: ApiKey) -> KeyView:
        """From a stored key."""
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            user_id=key.user_id,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            expires_at=key.expires_at,
            scope=key.scope,
        )


class KeyList(View):
    """One's own keys; everybody's for admins."""

    items: list[KeyView]


class MadeKey(View):
    """A new key. Its text is shown this once."""

    api_key: KeyView
    key: Annotated[str, Field(examples=["fs_2f…"])]


class SessionView(View):
    """A browser in which an account is signed in."""

    id: str
    created_at: datetime
    expires_at: datetime
    """Each use moves it."""
    client: str
    """The address that the sign-in came from."""
    agent: str
    """What the browser calls itself."""
    current: bool
    """Whether the request comes from it."""

    @classmethod
    def of(cls, session: Session, *, current: bool) -> SessionView:
        """From a stored one."""
        return cls(
            id=session_name(session.token_hash),
            created_at=session.created_at,
            expires_at=session.expires_at,
            client=session.client,
            agent=session.agent,
            current=current,
        )


class SessionList(View):
    """The sessions of an account."""

    items: list[SessionView]
