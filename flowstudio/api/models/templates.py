"""Shapes of templates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.api.models.common import View
from flowstudio.api.models.workflows import EXAMPLE_DOCUMENT, NodePorts, StoredDocument


class CheckView(View):
    """How to notice that a step of the setup is done."""

    kind: Literal["credential", "changed", "run", "active"]
    """A credential is chosen, a parameter is no longer the template's, the workflow ran, it is active."""
    slot: str | None = None
    property: str | None = None


class SetupStepView(View):
    """One thing to do before the workflow is of use."""

    text: str
    node: str | None = None
    """Id of the node that it is about."""
    check: CheckView | None = None
    """Null: the person knows best."""


class TemplateView(View):
    """A ready workflow."""

    id: str
    title: str
    purpose: str
    about: str
    category: str
    needs: Literal["nothing", "internet", "account"]
    setup: list[SetupStepView]
    document: Annotated[StoredDocument, Field(examples=[EXAMPLE_DOCUMENT])]
    ports: dict[str, NodePorts]
    """Of nodes whose parameters give them other ports than their type has, by node id."""


class TemplateList(View):
    """All templates."""

    items: list[TemplateView]
    categories: list[str]
    """In the order in which they are shown."""


class MadeView(View):
    """The workflow that was made."""

    id: str
    name: str
