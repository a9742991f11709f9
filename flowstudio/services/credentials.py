"""Credentials: secrets that nodes use and nobody reads. Values go in, and come out for nodes only."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from flowstudio.engine.credential import CredentialType
from flowstudio.engine.form import describe_model
from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, InvalidRequest, NotFound
from flowstudio.nodes.credentials import CREDENTIAL_TYPES
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.live import timestamp
from flowstudio.storage import Storage
from flowstudio.storage.records import CredentialRecord

TYPES: Mapping[str, type[CredentialType]] = CREDENTIAL_TYPES
"""Credential types by slug."""


def credential_json(record: CredentialRecord) -> Json:
    """A credential without its values, as the API gives it."""
    return {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
    }


def described_types() -> list[Json]:
    """The kinds of credentials and their forms."""
    return [
        {
            "type": cls.type,
            "label": cls.label,
            "help": inspect.cleandoc(cls.__doc__ or ""),
            "fields": describe_model(cls),
        }
        for cls in TYPES.values()
    ]


class CredentialService:
    """What people do with credentials. Every method checks the caller first."""

    def __init__(self, storage: Storage) -> None:
        self._credentials = storage.credentials
        self._workflows = storage.workflows
        self._audit = Audit(storage)

    async def all(self, caller: Caller) -> list[Json]:
        """All credentials without their values, and the workflows that use them: whoever builds workflows may look."""
        require(caller, "edit")
        uses: dict[str, list[Json]] = {}
        for id_, name, outline in await self._workflows.outlines():
            for credential in outline.get("credentials", ()):
                uses.setdefault(credential, []).append({"id": id_, "name": name})
        return [
            credential_json(record) | {"used_by": uses.get(record.id, [])}
            for record in await self._credentials.all()
        ]

    async def get(self, caller: Caller, id_: str) -> Json:
        """A credential without its values. Raises `NotFound`."""
        require(caller, "edit")
        record = await self._credentials.get(id_)
        if record is None:
            raise NotFound(f"There is no credential '{id_}'.")
        return credential_json(record)

    async def create(self, caller: Caller, name: str, type_: str, values: Json) -> Json:
        """Store a credential, encrypted. Raises `InvalidRequest` that names the wrong field."""
        require(caller, "admin")
        checked = validated(type_, values)
        record = await self._credentials.create(
            name=name, type=type_, values=checked, owner_id=caller.user_id or None
        )
        await self._audit.record(caller, "credential.created", name, record.id, type=type_)
        return credential_json(record)

    async def update(
        self, caller: Caller, id_: str, *, name: str | None = None, values: Json | None = None
    ) -> Json:
        """Change the name, or all values together. Raises `NotFound`, and `Conflict` for values of another type."""
        require(caller, "admin")
        record = await self._credentials.get(id_)
        if record is None:
            raise NotFound(f"There is no credential '{id_}'.")
        try:
            checked = validated(record.type, values) if values is not None else None
        except InvalidRequest as error:
            raise Conflict(f"This is a credential of the type '{record.type}'. {error.message}") from None
        updated = await self._credentials.update(id_, name=name, values=checked)
        changed = [
            part
            for part, differs in (("name", updated.name != record.name), ("values", checked is not None))
            if differs
        ]
        await self._audit.record(
            caller, "credential.changed", updated.name, id_, type=record.type, changed=changed
        )
        return credential_json(updated)

    async def delete(self, caller: Caller, id_: str) -> None:
        """Delete a credential; nodes that use it fail from now on. Raises `NotFound`."""
        require(caller, "admin")
        record = await self._credentials.get(id_)
        if record is None or not await self._credentials.delete(id_):
            raise NotFound(f"There is no credential '{id_}'.")
        await self._audit.record(caller, "credential.deleted", record.name, id_, type=record.type)


def validated(type_: str, values: Json) -> Json:
    """The values as the type's shape has them. Raises `InvalidRequest`, whose text never holds a value."""
    shape = TYPES.get(type_)
    if shape is None:
        raise InvalidRequest(f"There is no credential type '{type_}'. There are: {', '.join(sorted(TYPES))}.")
    try:
        model = shape.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "values"
        raise InvalidRequest(f"The credential's '{place}': {first['msg']}.") from None
    return {name: plain(getattr(model, name)) for name in shape.model_fields}


def plain(value: Any) -> Any:
    """A value as it is encrypted."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value
