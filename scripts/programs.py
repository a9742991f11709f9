"""Programs that a set-up step needs from the system: running them, and installing Debian packages."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict


class Account(TypedDict):
    """The arguments of `subprocess` that choose who a process runs as."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_account(account: pwd.struct_passwd | None) -> Account:
    """Run as this account, or as the caller."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def answers(program: Path, *arguments: str, account: pwd.struct_passwd | None = None) -> bool:
    """Whether the program runs here, for an account of its own if one is given (root only).

    Finding a file proves nothing: libraries may be missing, it may be a stub, or lie in a closed folder.
    """
    try:
        done = subprocess.run(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
            cwd="/",
            **as_account(account),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def attempt(command: Sequence[str], *, seconds: float, environment: dict[str, str] | None = None) -> bool:
    """Run an installer with its output visible. False when it fails or takes too long."""
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            env=os.environ | (environment or {}),
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {command[0]}: {error}", flush=True)
        return False
    return done.returncode == 0


def install_debian(*packages: str) -> bool:
    """Install Debian packages, as root or by a sudo that asks no password. False when that cannot be."""
    if shutil.which("apt-get") is None:
        return False
    apt = ["apt-get"]
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None or not answers(Path(sudo), "-n", "true"):
            return False
        apt = ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing Debian's {' '.join(packages)} …", flush=True)
    update = attempt([*apt, "-qq", "update"], seconds=300, environment=quiet)
    return (
        attempt(
            [*apt, "-qq", "-y", "--no-install-recommends", "install", *packages],
            seconds=900,
            environment=quiet,
        )
        and update
    )
