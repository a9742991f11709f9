"""Shapes of credentials. No shape that goes out has values."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, ConfigDict, Field

from flowstudio.api.models.common import Line, Moment, Shape, View
from flowstudio.services.credentials import TYPES

Values = Annotated[
    dict[str, Any],
    Field(max_length=50, examples=[{"name": "X-API-Key", "value": "s3cret"}]),
]


SharedRole: TypeAlias = Literal["editor", "admin", "owner"]


def _by_type(schema: dict[str, Any]) -> None:
    """Say which values go with which type."""
    schema["oneOf"] = [
        {
            "properties": {
                "type": {"const": slug},
                "values": shape.model_json_schema(ref_template="#/components/schemas/{model}"),
            }
        }
        for slug, shape in TYPES.items()
    ]


class NewCredential(Shape):
    """A credential to store."""

    model_config = ConfigDict(json_schema_extra=_by_type)

    name: Annotated[Line, Field(examples=["Shop"])]
    type: Annotated[str, Field(max_length=100, examples=["http-header"])]
    """One of `GET /api/credential-types`."""
    values: Values
    """The fields of the type's form. They are encrypted, and no answer ever holds them."""
    usable_by: SharedRole = "editor"
    """The least role that may use it in workflows."""
    editable_by: SharedRole = "admin"
    """The least role that may change it."""
    ends_at: Moment | None = None
    """When it ends at the service, for a warning."""


class CredentialChange(Shape):
    """What to change; what is left out stays."""

    name: Line | None = None
    values: Values | None = None
    """All fields together. A credential that was connected must be connected again."""
    usable_by: SharedRole | None = None
    """The least role that may use it in workflows. Admins decide."""
    editable_by: SharedRole | None = None
    """The least role that may change it. Admins decide."""
    ends_at: Moment | None = None
    """When it ends at the service, for a warning; null for never."""


class CredentialWarning(View):
    """What somebody should do about a credential."""

    kind: Literal["problem", "ended", "ends", "short"]
    """The service refused it, it ended, it ends within two weeks, or its secret is too short to be hidden everywhere."""
    at: AwareDatetime | None
    """When it ended or ends."""
    text: str
    """Why the service refused it."""


class CredentialView(View):
    """A credential without its values."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d",
                    "name": "Shop",
                    "type": "http-header",
                    "created_at": "2026-01-31T12:00:00Z",
                    "updated_at": "2026-01-31T12:00:00Z",
                    "usable_by": "editor",
                    "editable_by": "admin",
                    "may_use": True,
                    "may_change": True,
                    "needs_sign_in": False,
                    "connected_at": None,
                    "ends_at": None,
                    "warning": None,
                }
            ]
        }
    )

    id: str
    name: str
    type: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    usable_by: SharedRole
    """The least role that may use it in workflows."""
    editable_by: SharedRole
    """The least role that may change it."""
    may_use: bool
    """Whether the caller may use it."""
    may_change: bool
    """Whether the caller may change it."""
    needs_sign_in: bool
    """Whether somebody has to sign in at the service for it, in the browser."""
    connected_at: AwareDatetime | None
    """When somebody last did, or when it was last renewed."""
    ends_at: AwareDatetime | None
    """When it ends, as somebody noted."""
    warning: CredentialWarning | None


class UsingWorkflowView(View):
    """A workflow that uses a credential."""

    id: str
    name: str


class UsedCredentialView(CredentialView):
    """A credential of the list."""

    used_by: list[UsingWorkflowView]
    """The workflows whose drafts name it."""


class CredentialList(View):
    """All credentials, by name."""

    items: list[UsedCredentialView]


class CredentialTypeView(View):
    """A kind of credential."""

    type: str
    label: str
    help: str
    fields: list[dict[str, Any]]
    """Its form, as in node types."""


class CredentialTypeList(View):
    """All kinds of credentials."""

    items: list[CredentialTypeView]


class TrialView(View):
    """What came of trying a credential."""

    works: bool | None
    """Null when there was nothing to call."""
    message: str
    """For people."""


class SignInView(View):
    """A sign-in that begins."""

    url: str
    """Where the browser goes."""
