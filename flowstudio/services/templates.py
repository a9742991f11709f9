"""Templates: ready workflows that come with FlowStudio, each a file of `flowstudio/templates/`.

A file holds the document and what people should know about it; docs/templates.md says how to write one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flowstudio.engine.item import Json
from flowstudio.engine.workflow import WorkflowDocument, dump_workflow
from flowstudio.errors import NotFound
from flowstudio.services.callers import Caller, require
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.shipped import PACKAGE

CATEGORIES = ("Get started", "Data", "Web & APIs", "Notifications", "Operations", "Documents", "AI")
"""In the order in which they are shown."""

Sentence = Annotated[str, Field(min_length=1, max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Check(_Part):
    """How the editor notices that a step of the setup is done."""

    kind: Literal["credential", "changed", "run", "active"]
    """A credential is chosen, a parameter is no longer the template's, the workflow ran without an error, it is active."""
    slot: str | None = None
    """Of `credential`: the slot."""
    property: str | None = None
    """Of `changed`: the parameter."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "credential") != (self.slot is not None):
            raise ValueError("a check of a credential, and no other, names a slot")
        if (self.kind == "changed") != (self.property is not None):
            raise ValueError("a check of a change, and no other, names a property")
        return self


class SetupStep(_Part):
    """One thing to do before the workflow is of use."""

    text: Sentence
    node: str | None = None
    """Id of the node that it is about."""
    check: Check | None = None
    """Missing: the person ticks it off."""


class Template(_Part):
    """A ready workflow."""

    title: Sentence
    purpose: Sentence
    """One sentence: what it is for."""
    about: Annotated[str, Field(min_length=1, max_length=1000)]
    """What is to be learned from it."""
    category: Literal["Get started", "Data", "Web & APIs", "Notifications", "Operations", "Documents", "AI"]
    needs: Literal["nothing", "internet", "account"]
    """What it needs to run: nothing but FlowStudio, an internet connection, or an account at a service."""
    setup: Annotated[list[SetupStep], Field(min_length=1)]
    document: WorkflowDocument


class TemplateService:
    """Reads the templates once; makes workflows of them."""

    def __init__(self, workflows: WorkflowService, folder: Path | None = None) -> None:
        self._workflows = workflows
        self.folder = folder or PACKAGE / "templates"

    @cached_property
    def _templates(self) -> Mapping[str, Template]:
        found = {file.stem: read_template(file) for file in sorted(self.folder.glob("*.json"))}
        order = sorted(
            found, key=lambda id_: (CATEGORIES.index(found[id_].category), found[id_].needs != "nothing", id_)
        )
        return {id_: found[id_] for id_ in order}

    def all(self, caller: Caller) -> Mapping[str, Template]:
        """All templates by id, in the order in which they are shown."""
        require(caller, "read")
        return self._templates

    def get(self, caller: Caller, id_: str) -> Template:
        """A template. Raises `NotFound`."""
        require(caller, "read")
        template = self._templates.get(id_)
        if template is None:
            raise NotFound(f"There is no template '{id_}'.")
        return template

    async def use(self, caller: Caller, id_: str) -> Workflow:
        """Make a workflow of a template. It remembers where it comes from, so that its editor shows the setup."""
        require(caller, "edit")
        document: Json = dump_workflow(self.get(caller, id_).document)
        return await self._workflows.create(caller, document | {"template": id_})


def read_template(file: Path) -> Template:
    """A template's file. Raises `ValidationError` that names what is wrong."""
    return Template.model_validate(orjson.loads(file.read_bytes()))
