"""The command that serves the studio."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import uvicorn

    from flowstudio.config import Settings

GRACE = 5
"""Seconds that open requests have to finish when the server is asked to stop."""
GC_THRESHOLDS = (10_000, 10, 10)
"""For `gc.set_threshold`."""


@click.command()
@click.option("--host", help="Address to listen on; 0.0.0.0 to be reached from other machines.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 for any free one.")
def run(host: str | None, port: int | None) -> None:
    """Serve the studio until Ctrl+C."""
    from flowstudio import frontend, logs
    from flowstudio.config import load_settings

    overrides = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = load_settings(**overrides)
    logs.set_up(settings)
    with listening(settings) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        frontend.build()
        serve(settings, listener)


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket, bound before anything slow begins. Raises `ConfigurationError` when that does not work."""
    from flowstudio.errors import ConfigurationError

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(2048)
        except OSError as error:
            raise ConfigurationError(
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. "
                "Stop what uses it, or choose another port with --port or FLOWSTUDIO_PORT."
            ) from error
        yield listener


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal asks to stop: then finish open requests, and give back what runs for the next start."""
    gc.disable()  # until the server has started: what is imported and built stays anyway
    from flowstudio.server import create_app

    app = create_app(settings)
    server = _server(app, settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal once more when it has stopped; by then there is nothing to do.
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])


def _server(app: object, settings: Settings) -> uvicorn.Server:
    import uvicorn

    from flowstudio.runtime import current

    class Server(uvicorn.Server):
        """Says where it is once it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Start, then greet."""
            await super().startup(sockets)
            if self.started:
                click.echo(greeting(settings))
                settle()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """End the event streams, then let other requests finish."""
            if self.started:
                current().closing.set()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # any ASGI application
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config)


def settle() -> None:
    """Spare the garbage collector what lives as long as the server, and call it less often.

    A run over many items makes many objects and no cycles. At the thresholds of Python, looking through them and through
    everything that was ever imported took half of its time. Nor is it looked through before: of a million objects a few
    thousand would be freed, and the first answer would come a third of a second later.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


def greeting(settings: Settings) -> str:
    """What a person wants to know at start."""
    from flowstudio import __version__
    from flowstudio.runtime import current

    report = current().sandbox.report
    lines = [
        f"FlowStudio {__version__} is ready at {settings.base_url}",
        f"  Data    {settings.data_dir}",
    ]
    for language, cage in (("JavaScript", report.javascript), ("Python", report.python)):
        words = {"jail": "runs in a locked process", "strict": "runs in the strict tier", "off": "is OFF"}
        note = "" if cage.tier == "jail" else f" – {cage.reason}"
        lines.append(f"  Code    {language} {words[cage.tier]}{note}")
    if settings.mode == "scaled":
        lines.append("  Runs    are done by workers: start 'flowstudio worker', here or elsewhere")
    lines.append("  Press Ctrl+C to stop.")
    return "\n".join(lines)
