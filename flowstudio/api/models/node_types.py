"""Shapes of node types."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from flowstudio.api.models.common import View
from flowstudio.api.models.workflows import PortView


class Parameter(View):
    """A parameter of a node type, or a part of one. What has no meaning for its kind is missing."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    help: str
    required: bool
    kind: str
    """text, multiline, secret, number, integer, boolean, choice, choices, list, object, keyvalue, json, code, date-time …"""
    default: Any = None


class CredentialSlot(View):
    """A credential that a node type takes."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    types: list[str]
    help: str
    required: bool
    ambient: bool
    """Whether a run may bring the credential along where none is chosen."""


class SubNodeSlot(View):
    """A place for sub-nodes."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    many: bool
    takes: list[str]
    """Names of classes: a node type fits that has one of them among its `fills`. Empty: every sub-node."""
    help: str
    required: bool


class NodeExample(View):
    """A run of the node."""

    model_config = ConfigDict(extra="allow")

    title: str
    properties: dict[str, Any]
    given: dict[str, list[Any]]
    gives: dict[str, list[Any]]


class NodeTypeView(View):
    """A node type: what the palette, the form and the help show."""

    model_config = ConfigDict(extra="allow")

    type: str
    label: str
    group: str
    color: str
    icon: str
    """A lucide icon."""
    subtitle: str
    trigger: bool
    loop: bool
    sub: bool
    """Whether it only fills slots of other nodes."""
    annotation: bool
    """Whether it is a note for people, which never runs."""
    offered: bool
    """Whether people may add it by hand. If not, it comes with imported workflows only."""
    fills: list[str]
    """Its classes, for the slots that take one of them."""
    help: str
    """Markdown."""
    inputs: list[PortView]
    outputs: list[PortView]
    fields: list[Parameter]
    credentials: list[CredentialSlot]
    slots: list[SubNodeSlot]
    examples: list[NodeExample]


class NodeTypeList(View):
    """All node types."""

    items: list[NodeTypeView]
