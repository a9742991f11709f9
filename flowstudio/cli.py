"""The command line: `flowstudio COMMAND`."""

from __future__ import annotations

import sys

import click

from flowstudio import __version__
from flowstudio.commands.backup import backup, restore
from flowstudio.commands.database import migrate, rotate_key
from flowstudio.commands.doctor import doctor
from flowstudio.commands.documents import export_workflow, import_workflow
from flowstudio.commands.execute import execute
from flowstudio.commands.people import api_key, user
from flowstudio.commands.run import run
from flowstudio.commands.worker import worker
from flowstudio.errors import FlowStudioError, InvalidWorkflow

BAD_INPUT = 2
"""Exit code when a command cannot do what it was asked: wrong arguments, files, settings."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowstudio", message="%(prog)s %(version)s")
def commands() -> None:
    """A self-hosted studio for AI and automation workflows.

    Settings come from the environment (FLOWSTUDIO_DATA_DIR, FLOWSTUDIO_PORT, …); docs/settings.md lists them.
    """
    from flowstudio.docstrings import speed_up

    speed_up()


for command in (
    run,
    worker,
    execute,
    import_workflow,
    export_workflow,
    user,
    api_key,
    migrate,
    rotate_key,
    backup,
    restore,
    doctor,
):
    commands.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run a command; what goes wrong on purpose is said in one line, without a traceback."""
    try:
        commands.main(arguments, prog_name="flowstudio", standalone_mode=True)
    except InvalidWorkflow as error:
        for problem in error.problems:
            click.echo(f"{problem.severity}: {problem.message}", err=True)
        sys.exit(BAD_INPUT)
    except FlowStudioError as error:
        click.echo(f"Error: {error.message}", err=True)
        sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
