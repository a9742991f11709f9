"""Commands that bring workflows in and out as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowstudio.commands.opening import finish, opened_workflows

if TYPE_CHECKING:
    from flowstudio.errors import Problem
    from flowstudio.services.workflows import Workflow


def read_document(path: str) -> Any:
    """The JSON in a file, or on standard input for `-`. Raises `InvalidRequest` that names the place."""
    import orjson

    from flowstudio.errors import InvalidRequest

    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"{path} is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}."
        ) from error


@click.command(name="import")
@click.argument("file")
def import_workflow(file: str) -> None:
    """Store the workflow in FILE (- for standard input) as a new draft."""
    from flowstudio.services.callers import COMMAND_LINE

    document = read_document(file)

    async def work() -> tuple[Workflow, list[Problem]]:
        async with opened_workflows() as workflows:
            made = await workflows.create(COMMAND_LINE, document)
            return made, workflows.problems(made)

    workflow, problems = finish(work())
    for problem in problems:
        click.echo(f"{problem.severity}: {problem.message}", err=True)
    click.echo(f"Stored '{workflow.document.name}' as {workflow.id}.")


@click.command(name="export")
@click.argument("id")
@click.argument("file", required=False)
def export_workflow(id: str, file: str | None) -> None:
    """Write the workflow ID to FILE, or to standard output."""
    import orjson

    from flowstudio.errors import InvalidRequest
    from flowstudio.services.callers import COMMAND_LINE

    async def work() -> Workflow:
        async with opened_workflows() as workflows:
            return await workflows.get(COMMAND_LINE, id)

    workflow = finish(work())
    text = orjson.dumps(workflow.record.document, option=orjson.OPT_INDENT_2).decode() + "\n"
    if file is None or file == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote '{workflow.document.name}' to {file}.")
