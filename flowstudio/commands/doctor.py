"""The command that checks an installation."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flowstudio.commands.opening import finish, read_settings

if TYPE_CHECKING:
    from flowstudio.config import Settings

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `bad` keeps FlowStudio from working, `weak` does not."""

    verdict: Literal["good", "weak", "bad"]
    text: str
    remedy: str = ""


@click.command()
def doctor() -> None:
    """Check this installation and say how to repair it. Exit code 1 when something is broken."""
    findings = list(examine(read_settings()))
    for finding in findings:
        mark = {"good": "ok  ", "weak": "weak", "bad": "BAD "}[finding.verdict]
        click.echo(f"{mark}  {finding.text}")
        if finding.remedy:
            click.echo(f"      → {finding.remedy}")
    bad = sum(finding.verdict == "bad" for finding in findings)
    click.echo(f"\n{bad} of {len(findings)} checks failed." if bad else "\nEverything is in order.")
    sys.exit(1 if bad else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    """Run all checks; a check that breaks is a finding too."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        check_python,
        check_folder,
        check_database,
        check_cages,
        check_front_end,
        check_port,
    )
    for check in checks:
        try:
            yield from check(settings)
        except Exception as error:
            subject = check.__name__.removeprefix("check_").replace("_", " ")
            yield Finding("bad", f"The check of the {subject} broke: {type(error).__name__}: {error}")


def check_python(settings: Settings) -> Iterator[Finding]:
    """The interpreter."""
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding("bad", text, "Install Python 3.11 or newer and set FlowStudio up with it.")
    else:
        yield Finding("good", text)


def check_folder(settings: Settings) -> Iterator[Finding]:
    """The data folder."""
    folder = settings.data_dir
    if not folder.exists():
        parent = next(p for p in folder.parents if p.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            yield Finding(
                "bad",
                f"The data folder {folder} cannot be made",
                f"Make {parent} writable, or set FLOWSTUDIO_DATA_DIR.",
            )
        else:
            yield Finding("good", f"The data folder {folder} will be made at the first start")
        return
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "bad",
            f"{folder} is no folder that this account may write to",
            f"chown it to {_account()}, or set FLOWSTUDIO_DATA_DIR to another folder.",
        )
        return
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        yield Finding(
            "weak", f"Others may look into the data folder {folder} (mode {mode:o})", f"chmod 700 {folder}"
        )
    else:
        yield Finding("good", f"The data folder {folder} is private and writable")


def check_database(settings: Settings) -> Iterator[Finding]:
    """The database, its revision and its key. Changes nothing."""
    from sqlalchemy import inspect, select
    from sqlalchemy.exc import SQLAlchemyError

    from flowstudio.storage.database import database_url, log_engine
    from flowstudio.storage.migrations import HEAD, revision
    from flowstudio.storage.tables import key_checks, users
    from flowstudio.storage.vault import find_keys, missing_key

    url = database_url(settings)
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("good", f"The database {where} will be made at the first start")
        return
    engine = log_engine(url)
    try:
        with engine.connect() as connection:
            found = revision(connection)
            if found != HEAD:
                yield Finding(
                    "weak" if found is None or found < HEAD else "bad",
                    f"The database {where} has the revision {found}, this FlowStudio needs {HEAD}",
                    "The next start brings it up to date; or run: flowstudio migrate"
                    if found is None or found < HEAD
                    else "A newer FlowStudio made it: install that version.",
                )
                return
            yield Finding("good", f"The database {where} answers and is up to date")
            expected = (
                connection.scalar(select(key_checks.c.fingerprint))
                if inspect(connection).has_table(key_checks.name)
                else None
            )
            owner = connection.scalar(select(users.c.email).where(users.c.role == "owner"))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        remedy = "Start the database server, or correct FLOWSTUDIO_DATABASE_URL."
        if url.get_backend_name() == "sqlite":
            remedy = "Restore the file from a backup, or move it away to begin anew."
        yield Finding("bad", f"The database {where} cannot be used: {reason}", remedy)
        return
    finally:
        engine.dispose()
    keys = find_keys(settings)
    if expected is not None and (keys is None or expected not in keys.fingerprints):
        yield Finding("bad", missing_key(expected, keys, settings).message)
    elif keys is not None:
        yield Finding("good", f"The encryption key {keys.fingerprints[0]} comes from {keys.source}")
        if keys.file is not None and keys.file.stat().st_mode & 0o077:
            yield Finding("weak", f"Others may read the key file {keys.file}", f"chmod 600 {keys.file}")
    if owner is None:
        yield Finding(
            "weak",
            "There is no owner's account yet",
            "Open the studio in a browser, or run: flowstudio user create --role owner --email ADDRESS",
        )
    else:
        yield Finding("good", f"The owner is {owner}")


def check_cages(settings: Settings) -> Iterator[Finding]:
    """Where user code runs."""
    from flowstudio.sandbox import Report, Sandbox

    async def report() -> Report:
        async with Sandbox() as sandbox:
            return sandbox.report

    found = finish(report())
    for language, cage in (("JavaScript", found.javascript), ("Python", found.python)):
        match cage.tier:
            case "jail":
                yield Finding("good", f"{language} runs in a locked process")
            case "strict":
                yield Finding(
                    "weak",
                    f"{language} runs in the strict tier, with a part of the language: {cage.reason}",
                    "For all of it, run FlowStudio on Linux with seccomp and Landlock.",
                )
            case "off":
                yield Finding(
                    "bad",
                    f"{language} does not run: {cage.reason}",
                    "Run FlowStudio on Linux with seccomp and Landlock, and not under a seccomp profile that "
                    "forbids them.",
                )


def check_front_end(settings: Settings) -> Iterator[Finding]:
    """The browser's part."""
    from flowstudio import frontend

    if frontend.is_built():
        yield Finding("good", "The front end is built")
    else:
        yield Finding(
            "weak",
            "The front end is not built, or from other sources",
            "flowstudio run builds it; or run: python -m flowstudio.frontend",
        )


def check_port(settings: Settings) -> Iterator[Finding]:
    """The address to listen on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            yield Finding(
                "bad",
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}",
                "It may be this FlowStudio that runs already; else choose another with FLOWSTUDIO_PORT.",
            )
            return
    yield Finding("good", f"Port {settings.port} on {settings.host} is free")


def _account() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
