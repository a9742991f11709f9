"""Who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowstudio.errors import Forbidden, Unauthorized
from flowstudio.storage.records import Role

Permission: TypeAlias = Literal["read", "edit", "run", "admin", "owner"]
"""`read` sees workflows and executions, `edit` changes workflows, `run` starts executions, `admin` looks after users and
other people's keys, `owner` is the account that nobody can take away."""

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "editor": frozenset({"read", "edit", "run"}),
    "admin": frozenset({"read", "edit", "run", "admin"}),
    "owner": frozenset({"read", "edit", "run", "admin", "owner"}),
}

_ROLE_FOR: dict[Permission, Role] = {
    "read": "viewer",
    "edit": "editor",
    "run": "editor",
    "admin": "admin",
    "owner": "owner",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, or a program in a person's name."""

    user_id: str
    email: str
    name: str
    role: Role
    via: Literal["session", "api_key", "cli"]

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role includes the permission."""
        return permission in PERMISSIONS[self.role]


COMMAND_LINE = Caller(user_id="", email="", name="Command line", role="owner", via="cli")
"""Whoever can run `flowstudio` on the server can read its data folder: the command line may do everything."""


def require(caller: Caller | None, permission: Permission) -> Caller:
    """The caller, if they may. Raises `Unauthorized` when nobody is signed in, `Forbidden` when the role does not do."""
    if caller is None:
        raise Unauthorized(
            "Nobody is signed in. Sign in, or send an API key in the header X-API-Key "
            "(make one with: flowstudio api-key create --name NAME)."
        )
    if not caller.may(permission):
        raise Forbidden(
            f"{caller.email or caller.name} is {_article(caller.role)} {caller.role}, and this needs the role "
            f"{_ROLE_FOR[permission]}. Ask an admin of this FlowStudio to change it."
        )
    return caller


def _article(role: Role) -> str:
    return "an" if role[0] in "aeio" else "a"
