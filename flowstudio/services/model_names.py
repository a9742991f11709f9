"""Which models an account may use, as its provider says."""

from __future__ import annotations

import time
from typing import Any

from flowstudio.errors import Conflict, ModelError, NodeError, NotFound
from flowstudio.nodes.ai.accounts import TYPES, Account, list_models
from flowstudio.nodes.credentials import CREDENTIAL_TYPES
from flowstudio.outbound import Outbound
from flowstudio.services.callers import Caller, require
from flowstudio.services.sharing import may_see
from flowstudio.storage import Storage

KEPT = 300.0
"""Seconds that an answer is kept."""


class ModelNames:
    """Asks providers, and keeps their answers for a while."""

    def __init__(self, storage: Storage, outbound: Outbound) -> None:
        self._credentials, self._outbound = storage.credentials, outbound
        self._kept: dict[str, tuple[float, list[str]]] = {}

    async def of(self, caller: Caller, credential: str) -> list[str]:
        """The names of the models, sorted. Raises `NotFound`, and `Conflict` with what the provider has against it."""
        require(caller, "edit")
        record = await self._credentials.get(credential)
        if record is None or not may_see(caller, record):
            raise NotFound(f"There is no credential '{credential}'.")
        if record.type not in TYPES:
            raise Conflict(f"A credential of the type '{record.type}' is not one of a provider of models.")
        key = f"{credential} {record.updated_at.isoformat()}"
        at, names = self._kept.get(key, (0.0, []))
        if time.monotonic() - at > KEPT or not names:
            names = await self._ask(credential)
            self._kept[key] = time.monotonic(), names
        return names

    async def _ask(self, credential: str) -> list[str]:
        values: dict[str, Any] = await self._credentials.open(credential, TYPES)
        shape = CREDENTIAL_TYPES[values.pop("type")]
        account: Any = shape.model_validate(values)
        try:
            return await list_models(_account(account), self._outbound.transport())
        except ModelError as error:
            raise Conflict(error.message) from error
        except NodeError as error:
            raise Conflict(error.message) from error


def _account(value: Any) -> Account:
    found: Account = value
    return found
