"""Commands that bring workflows in and out as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowstudio.commands.opening import finish, opened_transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowstudio.interop import Format, Found
    from flowstudio.services.workflows import WorkflowService


def read_bytes(path: str) -> bytes:
    """The content of a file, or of standard input for `-`. Raises `InvalidRequest` that names it."""
    from flowstudio.errors import InvalidRequest

    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.") from error


def read_document(path: str) -> Any:
    """The JSON in a file, or on standard input for `-`. Raises `InvalidRequest` that names the place."""
    import orjson

    from flowstudio.errors import InvalidRequest

    try:
        return orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"{path} is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}."
        ) from error


@click.command(name="import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def import_workflow(files: tuple[str, ...]) -> None:
    """Store the workflows in each FILE (- for standard input) as new drafts.

    Files of FlowStudio and of n8n are read. Nothing is stored when one of them cannot be.
    """
    from flowstudio.engine.workflow import dump_workflow
    from flowstudio.errors import FlowStudioError, InvalidRequest, InvalidWorkflow
    from flowstudio.services.callers import COMMAND_LINE

    texts = [(file, read_bytes(file)) for file in files]

    async def work() -> None:
        async with opened_transfer() as (workflows, transfer):
            found: list[Found] = []
            for file, text in texts:
                try:
                    found += await transfer.read(COMMAND_LINE, text)
                except InvalidWorkflow:
                    click.echo(f"{file}:", err=True)
                    raise
                except FlowStudioError as error:
                    raise InvalidRequest(f"{file}: {error.message}") from error
            for entry in found:
                made = await workflows.create(COMMAND_LINE, dump_workflow(entry.document))
                if entry.report:
                    click.echo(f"'{made.document.name}': {_fates(entry)}.", err=True)
                for remark in entry.remarks:
                    click.echo(f"note: {remark.message}", err=True)
                for problem in workflows.problems(made):
                    click.echo(f"{problem.severity}: {problem.message}", err=True)
                click.echo(f"Stored '{made.document.name}' as {made.id}.")

    finish(work())


def _fates(found: Found) -> str:
    """How many steps are the same here, differ, or are missing."""
    words = {
        "imported": "imported",
        "different": "imported with a difference",
        "unavailable": "not available",
    }
    counts = {fate: sum(verdict.fate == fate for verdict in found.report) for fate in words}
    return ", ".join(f"{counts[fate]} {word}" for fate, word in words.items() if counts[fate])


@click.command(name="export")
@click.argument("ids", metavar="[ID]... [FILE.json]", nargs=-1)
@click.option("--n8n", "for_n8n", is_flag=True, help="Write files for n8n, and tell what it cannot do.")
@click.option("--all", "folder", metavar="DIR", help="Write every workflow to a file of its own in DIR.")
def export_workflow(ids: tuple[str, ...], folder: str | None, for_n8n: bool) -> None:
    """Write the workflow with the given ID to a file, or to standard output.

    Several IDs are written to files in the working folder that have the workflows' names, as --all does in DIR. The same
    workflow always gives the same bytes; secrets are never part of a file.
    """
    from flowstudio.errors import InvalidRequest
    from flowstudio.services.callers import COMMAND_LINE

    place = "-"
    if len(ids) > 1 and (ids[-1] == "-" or ids[-1].endswith(".json") or "/" in ids[-1]):
        *rest, place = ids
        ids = tuple(rest)
    if (folder is None) == (not ids) or (place != "-" and len(ids) != 1):
        raise InvalidRequest(
            "Say which workflows: one id and perhaps a file, several ids, or --all with a folder."
        )

    form: Format = "n8n" if for_n8n else "flowstudio"

    async def work() -> list[tuple[str, str]]:
        async with opened_transfer() as (workflows, transfer):
            wanted = ids or await _all_ids(workflows)
            if for_n8n:
                for id_ in wanted:
                    for remark in await transfer.losses(COMMAND_LINE, id_):
                        click.echo(f"note: {remark.message}", err=True)
            return [await transfer.export(COMMAND_LINE, id_, form) for id_ in wanted]

    files = finish(work())
    if len(ids) == 1 and place == "-":
        click.echo(files[0][1], nl=False)
    elif len(ids) == 1:
        _write(Path(place), files[0][1])
    else:
        _write_all(Path(folder or "."), files)


async def _all_ids(workflows: WorkflowService) -> list[str]:
    """Every workflow, oldest first."""
    from flowstudio.services.callers import COMMAND_LINE

    found: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await workflows.page(COMMAND_LINE, cursor=cursor, limit=200)
        found += [summary["id"] for summary in page]
        if cursor is None:
            return found[::-1]


def _write_all(folder: Path, files: Sequence[tuple[str, str]]) -> None:
    from flowstudio.services.transfer import numbered_names

    for name, (_, text) in zip(numbered_names([name for name, _ in files]), files, strict=True):
        _write(folder / name, text)


def _write(file: Path, text: str) -> None:
    from flowstudio.errors import InvalidRequest

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {file}.")
