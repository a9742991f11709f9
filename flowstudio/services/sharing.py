"""Who may use and who may change a credential. Everything that binds or uses one for somebody asks here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flowstudio.engine.workflow import WorkflowDocument
from flowstudio.errors import Forbidden
from flowstudio.services.callers import Caller
from flowstudio.storage.credentials import CredentialRepository
from flowstudio.storage.records import CredentialRecord, Role

RANKS: Final[tuple[Role, ...]] = ("viewer", "editor", "admin", "owner")


def reaches(role: Role, least: Role) -> bool:
    """Whether a role includes another one."""
    return RANKS.index(role) >= RANKS.index(least)


def may_use(caller: Caller, record: CredentialRecord) -> bool:
    """Whether somebody may run workflows with a credential and draw it into them."""
    return caller.may("edit") and reaches(caller.role, record.usable_by)


def may_change(caller: Caller, record: CredentialRecord) -> bool:
    """Whether somebody may change, connect and delete a credential."""
    return caller.may("edit") and reaches(caller.role, record.editable_by)


def may_see(caller: Caller, record: CredentialRecord) -> bool:
    """Whether somebody may know that a credential exists."""
    return may_use(caller, record) or may_change(caller, record)


def credentials_of(document: WorkflowDocument) -> set[str]:
    """The credentials that a document names."""
    return {id_ for node in document.nodes for id_ in node.data.credentials.values() if id_}


class Sharing:
    """Keeps people from putting credentials to work that are not shared with them.

    A document that names such a credential is neither stored, nor published, nor run by hand for them: whoever could change the
    steps around a credential could send it anywhere. What others published goes on running by itself.
    """

    def __init__(self, credentials: CredentialRepository) -> None:
        self._credentials = credentials

    async def demand(self, caller: Caller, document: WorkflowDocument) -> None:
        """Raises `Forbidden` when a document names a credential that the caller may not use."""
        await self.demand_all(caller, credentials_of(document))

    async def demand_all(self, caller: Caller, ids: Iterable[str]) -> None:
        """The same for the ids of credentials; those that do not exist are nobody's."""
        wanted = set(ids)
        if not wanted or caller.role == "owner":
            return
        for record in await self._credentials.some(wanted):
            if not may_use(caller, record):
                who = "the owner" if record.usable_by == "owner" else "admins"
                named = f"the credential '{record.name}'" if may_see(caller, record) else "a credential"
                raise Forbidden(
                    f"This workflow uses {named} that only {who} may use. Choose another one in its steps, or ask an admin "
                    "to share it."
                )
