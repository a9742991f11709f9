"""The command that runs executions without serving pages."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flowstudio.config import Settings
    from flowstudio.runtime import Runtime

GRACE = 30.0
"""Seconds that executions have to come to rest when the worker is asked to stop; then others take them over."""


@click.command()
@click.option(
    "--queues", help="What to take: interactive, default, bulk, separated by commas.  [default: all]"
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE,
    show_default=True,
    help="Seconds to finish what runs when asked to stop.",
)
def worker(queues: str | None, grace: float) -> None:
    """Run executions for the servers that share the database, until Ctrl+C.

    Needs FLOWSTUDIO_MODE=scaled and the database, the encryption key and the folder of files of the servers. A second
    Ctrl+C hands over at once what still runs.
    """
    from flowstudio import logs
    from flowstudio.config import load_settings
    from flowstudio.errors import ConfigurationError

    settings = load_settings(**({"queues": queues} if queues is not None else {}))
    logs.set_up(settings)
    if settings.mode != "scaled":
        raise ConfigurationError(
            "Workers share the work of servers through PostgreSQL: set FLOWSTUDIO_MODE=scaled and FLOWSTUDIO_DATABASE_URL, "
            "here and for the servers. Without workers, 'flowstudio run' does everything."
        )
    gc.disable()  # until the worker has started: what is imported and built stays anyway
    asyncio.run(_work(settings, grace))


async def _work(settings: Settings, grace: float) -> None:
    from flowstudio.commands.run import settle
    from flowstudio.runtime import Runtime

    asked, hurried = asyncio.Event(), asyncio.Event()

    def ask() -> None:
        (hurried if asked.is_set() else asked).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    runtime = Runtime(settings, worker=True)
    await runtime.start()
    try:
        click.echo(greeting(runtime))
        settle()
        await asked.wait()
        click.echo("Finishing what runs; others take what comes.")
        draining, hurrying = asyncio.create_task(runtime.drain(grace)), asyncio.create_task(hurried.wait())
        await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurrying):
            task.cancel()
        await asyncio.gather(draining, hurrying, return_exceptions=True)
    finally:
        await runtime.stop()


def greeting(runtime: Runtime) -> str:
    """What a person wants to know at start."""
    from flowstudio import __version__

    settings = runtime.settings
    return "\n".join(
        (
            f"FlowStudio {__version__} worker is ready: {', '.join(settings.queues)}; {settings.concurrency} at a time",
            f"  Files   {settings.files_s3 or settings.files}",
            "  Press Ctrl+C to stop.",
        )
    )
