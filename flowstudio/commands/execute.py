"""The command that executes a workflow without a server."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowstudio.commands.documents import read_document
from flowstudio.commands.opening import finish, read_settings
from flowstudio.commands.table import table

if TYPE_CHECKING:
    from flowstudio.config import Settings
    from flowstudio.runtime import Runtime

FAILED = 1
"""Exit code of an execution that failed."""


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print everything that came out, as JSON.")
@click.option("--trigger", help="What the trigger brings, as JSON; @FILE reads a file.")
@click.option("--node", help="The trigger to start from: its id or label.  [default: the first]")
@click.option("--save", is_flag=True, help="Keep the workflow and the execution in the data folder.")
def execute(file: str, as_json: bool, trigger: str | None, node: str | None, save: bool) -> None:
    """Execute the workflow in FILE (- for standard input), without a server. Files of n8n are read too.

    Uses a database of its own that is gone afterwards, unless told to --save. Data that is pinned to steps is not
    used: every step runs. Exit code: 0 when the execution succeeded, 1 when it failed, 2 when it could not start.
    """
    document = read_document(file)
    data = _trigger_data(trigger)
    if save:
        result = finish(_execute(read_settings(), document, data, node))
    else:
        with tempfile.TemporaryDirectory(prefix="flowstudio-") as folder:
            settings = read_settings(
                data_dir=Path(folder),
                database_url=None,
                encryption_key=None,
                owner_email=None,
                owner_password=None,
            )
            result = finish(_execute(settings, document, data, node))
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
    else:
        _show(result)
    sys.exit(0 if result["status"] == "success" else FAILED)


async def _execute(settings: Settings, document: Any, data: Any, node: str | None) -> dict[str, Any]:
    from flowstudio.runtime import Runtime

    runtime = Runtime(settings)
    await runtime.start()
    try:
        return await execute_document(runtime, document, data, node)
    finally:
        await runtime.stop()


async def execute_document(
    runtime: Runtime, document: Any, data: Any = None, node: str | None = None
) -> dict[str, Any]:
    """Run a document, also one of n8n, and wait for its end; gives what `--json` prints."""
    from flowstudio.engine.workflow import dump_workflow
    from flowstudio.interop import is_foreign, read_foreign
    from flowstudio.services.callers import COMMAND_LINE

    if is_foreign(document):
        found = read_foreign(document, runtime.registry)
        for remark in found.remarks:
            click.echo(f"note: {remark.message}", err=True)
        document = dump_workflow(found.document)
    workflow = await runtime.workflows.create(COMMAND_LINE, document)
    execution = await runtime.executions.execute(
        COMMAND_LINE, workflow.record.id, data, node=node, mode="cli"
    )
    await runtime.executions.wait(execution)
    return await _result(runtime, execution)


async def _result(runtime: Runtime, execution: str) -> dict[str, Any]:
    """`{id, status, error, nodes: {label: {status, outputs: {port: [json, …]}, error}}}`."""
    from flowstudio.services.callers import COMMAND_LINE

    view = await runtime.views.get(COMMAND_LINE, execution)
    outputs: dict[str, dict[str, list[Any]]] = {}
    for run in await runtime.storage.executions.node_runs(execution):
        if run.status in ("success", "error"):
            ports = await runtime.storage.executions.outputs(execution, run.node, run.scope, run.attempt)
            for port, items in ports.items():
                outputs.setdefault(run.node, {}).setdefault(port, []).extend(item.json for item in items)
    return {
        "id": execution,
        "status": view["status"],
        "error": view["error"],
        "nodes": {
            state["label"]: {
                "status": state["status"],
                "outputs": outputs.get(node, {}),
                "error": state["error"],
            }
            for node, state in view["node_states"].items()
        },
    }


def _trigger_data(text: str | None) -> Any:
    from flowstudio.errors import InvalidRequest

    if text is None:
        return None
    if text.startswith("@"):
        return read_document(text[1:])
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"--trigger is not JSON: {error}.") from error


def _show(result: dict[str, Any]) -> None:
    rows = [
        (
            label,
            state["status"],
            ", ".join(f"{port}: {len(items)}" for port, items in state["outputs"].items() if items) or "–",
            state["error"]["message"] if state["error"] else "",
        )
        for label, state in result["nodes"].items()
    ]
    click.echo(table(("Node", "Status", "Items", "Error"), rows))
    click.echo(f"\nThe execution ended with: {result['status']}")
    if result["error"]:
        click.echo(result["error"]["message"], err=True)
