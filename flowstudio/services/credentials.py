"""Credentials: secrets that nodes use and nobody reads. Values go in, and come out for nodes only."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr, ValidationError

from flowstudio.engine.credential import CredentialType
from flowstudio.engine.form import describe_model
from flowstudio.engine.item import Json
from flowstudio.errors import Conflict, CredentialError, Forbidden, InvalidRequest, NotFound
from flowstudio.nodes.connections import GoogleOAuth2Account, OAuth2Account
from flowstudio.nodes.credentials import CREDENTIAL_TYPES
from flowstudio.redaction import has_short
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.live import timestamp
from flowstudio.services.sharing import may_change, may_see, may_use, reaches
from flowstudio.storage import Storage
from flowstudio.storage.records import CredentialRecord, Role

TYPES: Mapping[str, type[CredentialType]] = CREDENTIAL_TYPES
"""Credential types by slug."""
SIGN_IN_TYPES = (OAuth2Account.type, GoogleOAuth2Account.type)
"""The types for which somebody may have to sign in elsewhere."""


SOON = timedelta(days=14)
"""How long before a credential ends people are told."""


def credential_json(record: CredentialRecord, caller: Caller) -> Json:
    """A credential without its values, as the API gives it to somebody."""
    connection = record.connection or {}
    return {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "usable_by": record.usable_by,
        "editable_by": record.editable_by,
        "may_use": may_use(caller, record),
        "may_change": may_change(caller, record),
        "connected_at": connection.get("connected_at"),
        "ends_at": timestamp(record.ends_at),
        "warning": warning(record, datetime.now(UTC)),
    }


def warning(record: CredentialRecord, now: datetime) -> Json | None:
    """What somebody should do about a credential: `{kind, at, text}`, or nothing.

    `kind` is `problem` (the service refused it: `text` has its words), `ended` or `ends`, both with a time. `CredentialService` adds
    `short`, for a secret that is too short to be hidden everywhere.
    """
    connection = record.connection or {}
    if connection.get("problem"):
        return {"kind": "problem", "at": None, "text": connection["problem"]}
    ends = [record.ends_at] if record.ends_at is not None else []
    if connection.get("ends_at") and not connection.get("renewable") and record.type in SIGN_IN_TYPES:
        ends.append(datetime.fromisoformat(connection["ends_at"]))
    end = min(ends, default=None)
    if end is None or end - SOON > now:
        return None
    return {"kind": "ended" if end <= now else "ends", "at": timestamp(end), "text": ""}


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
    """What people do with credentials. Every method checks the caller first; what is not shared with them is not there."""

    def __init__(self, storage: Storage) -> None:
        self._credentials = storage.credentials
        self._workflows = storage.workflows
        self._audit = Audit(storage)

    async def all(self, caller: Caller) -> list[Json]:
        """The credentials that somebody may use or change, without values, and the workflows that use them."""
        require(caller, "edit")
        uses: dict[str, list[Json]] = {}
        for id_, name, outline in await self._workflows.outlines():
            for credential in outline.get("credentials", ()):
                uses.setdefault(credential, []).append({"id": id_, "name": name})
        return [
            await self._shown(record, caller) | {"used_by": uses.get(record.id, [])}
            for record in await self._credentials.all()
            if may_see(caller, record)
        ]

    async def get(self, caller: Caller, id_: str) -> Json:
        """A credential without its values. Raises `NotFound`."""
        require(caller, "edit")
        return await self._shown(await self._seen(caller, id_), caller)

    async def create(
        self,
        caller: Caller,
        name: str,
        type_: str,
        values: Json,
        *,
        usable_by: Role = "editor",
        editable_by: Role = "admin",
        ends_at: datetime | None = None,
    ) -> Json:
        """Store a credential, encrypted. Raises `InvalidRequest` that names the wrong field."""
        require(caller, "admin")
        checked = validated(type_, values)
        _demand_own(caller, usable_by, editable_by)
        record = await self._credentials.create(
            name=name,
            type=type_,
            values=checked,
            owner_id=caller.user_id or None,
            usable_by=usable_by,
            editable_by=editable_by,
            ends_at=ends_at,
        )
        await self._audit.record(caller, "credential.created", name, record.id, type=type_)
        return await self._shown(record, caller)

    async def update(
        self, caller: Caller, id_: str, *, name: str | None = None, values: Json | None = None, **others: Any
    ) -> Json:
        """Change what is given: the name, all values together, who may use and change it, when it ends.

        Raises `NotFound`, `Forbidden`, and `Conflict` for values of another type.
        """
        require(caller, "edit")
        record = await self._changed(caller, id_)
        roles = {key: others[key] for key in ("usable_by", "editable_by") if key in others}
        if any(getattr(record, key) != role for key, role in roles.items()):
            require(caller, "admin")
            _demand_own(caller, *roles.values())
        try:
            checked = validated(record.type, values) if values is not None else None
        except InvalidRequest as error:
            raise Conflict(f"This is a credential of the type '{record.type}'. {error.message}") from None
        updated = await self._credentials.update(id_, name=name, values=checked, **others)
        differs = {key for key in ("name", *others) if getattr(updated, key) != getattr(record, key)}
        changed = [*sorted(differs), *(["values"] if checked is not None else [])]
        await self._audit.record(
            caller, "credential.changed", updated.name, id_, type=record.type, changed=changed
        )
        return await self._shown(updated, caller)

    async def delete(self, caller: Caller, id_: str) -> None:
        """Delete a credential; nodes that use it fail from now on. Raises `NotFound` and `Forbidden`."""
        require(caller, "edit")
        record = await self._changed(caller, id_)
        if not await self._credentials.delete(id_):
            raise NotFound(f"There is no credential '{id_}'.")
        await self._audit.record(caller, "credential.deleted", record.name, id_, type=record.type)

    async def _seen(self, caller: Caller, id_: str) -> CredentialRecord:
        record = await self._credentials.get(id_)
        if record is None or not may_see(caller, record):
            raise NotFound(f"There is no credential '{id_}'.")
        return record

    async def _changed(self, caller: Caller, id_: str) -> CredentialRecord:
        record = await self._seen(caller, id_)
        if not may_change(caller, record):
            raise Forbidden(
                f"As {caller.role} you may use '{record.name}', but not change it. Ask an admin of this FlowStudio."
            )
        return record

    async def _shown(self, record: CredentialRecord, caller: Caller) -> Json:
        """With what the form may show again: whether somebody has to sign in elsewhere for it."""
        shown = credential_json(record, caller) | {"needs_sign_in": record.type in SIGN_IN_TYPES}
        shape = TYPES.get(record.type)
        try:
            values = await self._credentials.open(record.id, ())
            account = (
                shape.model_validate(
                    {name: values.get(name) for name in shape.model_fields if name in values}
                )
                if shape
                else None
            )
        except (CredentialError, ValidationError):
            account = None
        if record.type == OAuth2Account.type:
            shown["needs_sign_in"] = (
                isinstance(account, OAuth2Account) and account.grant == "authorization_code"
            )
        if shown["warning"] is None and has_short(account):
            shown["warning"] = {"kind": "short", "at": None, "text": ""}
        return shown


def _demand_own(caller: Caller, *roles: Role) -> None:
    """Nobody shuts themselves out."""
    if not all(reaches(caller.role, role) for role in roles):
        raise Forbidden("Only the owner can keep a credential to the owner.")


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
