"""Shapes of credentials. No shape that goes out has values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from flowstudio.api.models.common import Line, Shape, View
from flowstudio.services.credentials import TYPES

Values = Annotated[
    dict[str, Any],
    Field(max_length=50, examples=[{"name": "X-API-Key", "value": "s3cret"}]),
]


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


class CredentialChange(Shape):
    """What to change."""

    name: Line | None = None
    values: Values | None = None
    """All fields together; left out, they stay."""


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
                }
            ]
        }
    )

    id: str
    name: str
    type: str
    created_at: AwareDatetime
    updated_at: AwareDatetime


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
