"""Who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowstudio.errors import Forbidden, Unauthorized
from flowstudio.storage.records import KeyScope, Role

Permission: TypeAlias = Literal["read", "account", "edit", "run", "metrics", "admin", "owner"]
"""`read` sees workflows and executions, `account` looks after one's own password, sessions and keys, `edit` changes
workflows, `run` starts executions, `metrics` reads the server's figures, `admin` looks after users and other people's
keys, `owner` is the account that nobody can take away."""

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"read", "account"}),
    "editor": frozenset({"read", "account", "edit", "run"}),
    "admin": frozenset({"read", "account", "edit", "run", "metrics", "admin"}),
    "owner": frozenset({"read", "account", "edit", "run", "metrics", "admin", "owner"}),
}

SCOPES: dict[KeyScope, frozenset[Permission]] = {
    "full": PERMISSIONS["owner"],
    "edit": frozenset({"read", "edit", "run"}),
    "run": frozenset({"read", "run"}),
    "read": frozenset({"read"}),
    "metrics": frozenset({"metrics"}),
}
"""What an API key may do at most, of what its person may. Only a full key may make others, or it could widen itself."""

_ROLE_FOR: dict[Permission, Role] = {
    "read": "viewer",
    "account": "viewer",
    "edit": "editor",
    "run": "editor",
    "metrics": "admin",
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
    scope: KeyScope = field(default="full", kw_only=True)
    """Of the API key."""

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role, and the scope of the key, include the permission."""
        return permission in PERMISSIONS[self.role] and permission in SCOPES[self.scope]


COMMAND_LINE = Caller(user_id="", email="", name="Command line", role="owner", via="cli")
"""Whoever can run `flowstudio` on the server can read its data folder: the command line may do everything."""


def require(caller: Caller | None, permission: Permission) -> Caller:
    """The caller, if they may. Raises `Unauthorized` when nobody is signed in, `Forbidden` when the role does not do."""
    if caller is None:
        raise Unauthorized(
            "Nobody is signed in. Sign in, or send an API key in the header X-API-Key "
            "(make one with: flowstudio api-key create --name NAME)."
        )
    if permission not in SCOPES[caller.scope]:
        raise Forbidden(
            f"This API key has the scope '{caller.scope}', which does not include this. Make a key with a wider scope."
        )
    if not caller.may(permission):
        raise Forbidden(
            f"{caller.email or caller.name} is {_article(caller.role)} {caller.role}, and this needs the role "
            f"{_ROLE_FOR[permission]}. Ask an admin of this FlowStudio to change it."
        )
    return caller


def _article(role: Role) -> str:
    return "an" if role[0] in "aeio" else "a"
