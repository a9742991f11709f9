"""The files in `deploy/`: they can be read, and name only settings, commands and options that exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from flowstudio.cli import commands
from flowstudio.commands.run import GRACE
from flowstudio.config import Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
SETTINGS = {f"FLOWSTUDIO_{name.upper()}" for name in Settings.model_fields}
NEEDED = {
    "FLOWSTUDIO_MODE",
    "FLOWSTUDIO_DATABASE_URL",
    "FLOWSTUDIO_ENCRYPTION_KEY",
    "FLOWSTUDIO_FILES_DIR",
    "FLOWSTUDIO_PUBLIC_URL",
}
"""Which all processes of an installation share."""


def compose() -> dict[str, Any]:
    """The compose file."""
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def unit(name: str) -> ConfigParser:
    """A unit of systemd."""
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as the library says
    parser.read_string((DEPLOY / name).read_text())
    return parser


def parsed(words: list[str]) -> dict[str, Any]:
    """The options of a command line of FlowStudio."""
    command = commands.get_command(click.Context(commands), words[0])
    assert command is not None, words
    return command.make_context(words[0], words[1:]).params


def programs() -> Iterator[tuple[str, list[str], float]]:
    """Every command line of FlowStudio in these files: where it is, its words, the seconds it has to end in."""
    for name, service in compose()["services"].items():
        if service.get("image") == "flowstudio":
            first, *words = service["command"]
            assert first == "flowstudio"
            yield name, words, float(service["stop_grace_period"].removesuffix("s"))
    for path in DEPLOY.glob("*.service"):
        section = unit(path.name)["Service"]
        first, *words = shlex.split(section["ExecStart"])
        assert first.endswith("/bin/flowstudio")
        yield path.name, words, float(section["TimeoutStopSec"])


def test_every_setting_that_is_named_exists_and_none_that_is_needed_is_missing() -> None:
    for path in DEPLOY.iterdir():
        named = set(re.findall(r"FLOWSTUDIO_[A-Z_]+", path.read_text()))
        assert named <= SETTINGS, path.name
    given = dict(
        line.split("=", 1)
        for line in (DEPLOY / "flowstudio.env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert given.keys() >= NEEDED
    Settings.model_validate(
        {name.removeprefix("FLOWSTUDIO_").lower(): value for name, value in given.items()}
    )
    for name, service in compose()["services"].items():
        if service.get("image") == "flowstudio":
            assert service["environment"].keys() >= NEEDED, name


def test_every_command_exists_and_has_the_time_that_it_takes_to_stop() -> None:
    found = list(programs())
    assert {words[0] for _, words, _ in found} == {"run", "worker"}
    for name, words, seconds in found:
        options = parsed(words)
        assert seconds >= options.get("grace", GRACE) + 10, name


def test_the_compose_file_names_only_what_is_in_it() -> None:
    file = compose()
    names = file["services"].keys()
    for name, service in file["services"].items():
        assert set(service.get("depends_on", ())) <= names, name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith("./") else source in file["volumes"], (
                volume
            )
    balanced = re.findall(r"(\S+):8000", (DEPLOY / "Caddyfile").read_text())
    assert balanced
    assert set(balanced) == {name for name, words, _ in programs() if words[0] == "run" and "." not in name}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in DEPLOY.glob("*.service"):
        text = path.read_text().replace("/opt/flowstudio/bin/flowstudio", "/bin/true")
        (tmp_path / path.name).write_text(text)
    units = [str(path) for path in tmp_path.iterdir()]
    said = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if "flowstudio" in line] == []
    assert all(unit(path.name)["Install"]["WantedBy"] for path in DEPLOY.glob("*.service"))
