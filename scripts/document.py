"""Writes the pages of the documentation that are generated from code; a test fails when they are out of date."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import flowstudio.nodes
from flowstudio.api.app import api_operations
from flowstudio.api.routes import PERMISSION
from flowstudio.cli import commands as command_line
from flowstudio.config import Settings
from flowstudio.engine.form import describe
from flowstudio.engine.node import Example
from flowstudio.engine.registry import discover

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = "docs/settings.md"
NODES_PAGE = "docs/nodes.md"
COMMANDS_PAGE = "docs/commands.md"
API_PAGE = "docs/api.md"


def settings_page() -> str:
    """The page on settings, from the fields of `Settings` and their docstrings."""
    rows = [
        f"| `{variable(name)}` | {default(field)} | {escaped(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "FlowStudio reads its settings from the environment when it starts. A wrong value stops the start with the",
            "variable's name. This page is generated: `make docs`.",
            "",
            "| Variable | Default | Meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


def default(field: FieldInfo) -> str:
    """A default as one would write it in the environment."""
    value = field.default
    if value is None or value in ((), "", []):
        return "none"
    if isinstance(value, SecretStr):
        return "secret"
    if isinstance(value, tuple | list):
        return f"`{','.join(str(part) for part in value)}`"
    return f"`{value.as_posix() if isinstance(value, PurePath) else value}`"


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def nodes_page() -> str:
    """The page on node types, from their classes: help, ports, parameters, examples."""
    types = sorted(discover(flowstudio.nodes), key=lambda cls: (cls.group, cls.label))
    lines = [
        "# Nodes",
        "",
        "Every node type with its parameters and examples. The examples are run by the tests. This page is generated:",
        "`make docs`.",
        "",
    ]
    for cls in types:
        form = describe(cls)
        lines += [f"## {cls.label}", "", f"`{cls.type}` · {cls.group}", "", form["help"], ""]
        for title, ports in (("Inputs", form["inputs"]), ("Outputs", form["outputs"])):
            named = [f"`{port['id']}`" + (f" ({port['label']})" if port["label"] else "") for port in ports]
            lines += [f"{title}: {', '.join(named) or 'none'}", ""]
        if form["fields"]:
            lines += ["| Parameter | Kind | Default | Meaning |", "|---|---|---|---|"]
            lines += list(_parameters(form["fields"], ""))
            lines.append("")
        for example in cls.examples:
            lines += _example(example)
    return "\n".join(lines)


def _parameters(fields: list[Mapping[str, Any]], prefix: str) -> Iterator[str]:
    for field in fields:
        name = f"{prefix}{field['name']}"
        options = ", ".join(f"`{option['value']}`" for option in field.get("options", ()))
        kind = f"{field['kind']}: {options}" if options else field["kind"]
        if field["required"]:
            given = "required"
        else:
            given = f"`{json.dumps(field.get('default'), ensure_ascii=False)}`"
        yield f"| `{name}` | {escaped(kind)} | {escaped(given)} | {escaped(field['help'])} |"
        if field.get("fields"):
            yield from _parameters(field["fields"], f"{name}[]." if field["kind"] == "list" else f"{name}.")


def _example(example: Example) -> list[str]:
    shown: dict[str, Any] = {"properties": example.properties, "given": example.given, "gives": example.gives}
    if example.model:
        shown["model"] = list(example.model)
    if example.fails:
        shown["fails"] = example.fails
    text = json.dumps(shown, indent=1, ensure_ascii=False)
    return [f"**{example.title}**", "", "```json", text, "```", ""]


def commands_page() -> str:
    """The page on the command line, from its own help texts."""
    lines = [
        "# Command line",
        "",
        "What `flowstudio … --help` says. This page is generated: `make docs`.",
        "",
    ]
    context = click.Context(command_line, info_name="flowstudio")
    for name, command in _commands(command_line, "flowstudio", context):
        told = click.Context(command, info_name=name, max_content_width=100, **command_line.context_settings)
        help_text = command.get_help(told)
        lines += [f"## {name}", "", "```text", help_text, "```", ""]
    return "\n".join(lines)


def _commands(
    command: click.Command, name: str, context: click.Context
) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for part in command.list_commands(context):
            found = command.get_command(context, part)
            if found is not None:
                yield from _commands(found, f"{name} {part}", context)


def api_page() -> str:
    """The page on the HTTP API: an overview of the operations that `/api/docs` shows in full."""
    lines = [
        "# HTTP API",
        "",
        "Everything that the browser does, for programs. Send an API key in the header `X-API-Key`; make one with",
        "`flowstudio api-key create --name NAME`. A running FlowStudio shows every parameter, shape and example at",
        "`/api/docs`, and describes them for programs at `/api/openapi.json`. This page is generated: `make docs`.",
        "",
        "Whoever may `edit` and `run` is an editor, an admin or the owner; `read` is for viewers too.",
        "",
    ]
    by_tag: dict[str, list[str]] = {}
    for operation in api_operations():
        tag = str(operation.tags[0])
        for method in sorted(operation.methods or ()):
            permission = (operation.openapi_extra or {})[PERMISSION]
            text = " ".join((operation.description or "").split())
            row = f"| `{method} {operation.path}` | {permission} | **{operation.summary}.** {escaped(text)} |"
            by_tag.setdefault(tag, []).append(row)
    for tag, rows in by_tag.items():
        lines += [f"## {tag}", "", "| Operation | Who | What |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


PAGES: Mapping[str, Callable[[], str]] = {
    SETTINGS_PAGE: settings_page,
    NODES_PAGE: nodes_page,
    COMMANDS_PAGE: commands_page,
    API_PAGE: api_page,
}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (ROOT / page).write_text(write(), encoding="utf-8")
        print(f"Wrote {page}")
