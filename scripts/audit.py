"""Looks for weaknesses: bandit in the code, pip-audit and npm in what it is built on. `make audit`.

The programs get an environment of their own (`build/audit`). Whether a library has known weaknesses is asked at advisory
services in the internet; where none answers, this says so and does not pass for clean. What is found is either repaired or
explained in docs/security.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from scripts.install import LOCKS, ROOT

PROGRAMS = ("bandit==1.9.4", "pip-audit==2.10.1")
FOLDER = ROOT / "build" / "audit"


def prepare() -> Path:
    """The folder of the installed programs."""
    programs = FOLDER / "bin"
    if not (programs / "pip-audit").exists():
        print("Installing bandit and pip-audit …", flush=True)
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *PROGRAMS], check=True)
    return programs


def code(programs: Path) -> list[str]:
    """What bandit finds in the product's code."""
    command = [str(programs / "bandit"), "-r", "flowstudio", "-c", "pyproject.toml", "-f", "json", "-q"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(ended.stdout)
    found = [f"{each['filename']} could not be read: {each['reason']}" for each in report["errors"]]
    found += [
        f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}"
        for each in report["results"]
    ]
    lines = report["metrics"]["_totals"]["loc"]
    return tell(f"bandit: {lines:,} lines", found)


def libraries(programs: Path, lock: str) -> list[str]:
    """What advisories say of the pinned Python packages of a lock file."""
    for service in ("osv", "pypi"):
        command = [
            str(programs / "pip-audit"),
            "-r",
            lock,
            "--disable-pip",
            "--require-hashes",
            "-s",
            service,
        ]
        command += ["-f", "json", "--progress-spinner", "off", "--timeout", "15"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        try:
            told: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
        except (ValueError, KeyError):
            continue
        unknown = sum("skip_reason" in each for each in told)
        if unknown == len(told):
            continue
        found = [
            f"{each['name']} {each['version']}: {fault['id']}, repaired in {', '.join(fault['fix_versions']) or 'no version yet'}"
            for each in told
            for fault in each.get("vulns", ())
        ]
        found += [f"{unknown} of {len(told)} packages are not known to {service}"] if unknown else []
        return tell(f"pip-audit ({service}): {len(told)} packages of {lock}", found)
    return tell(f"pip-audit: {lock}", ["no advisory service could be reached; nothing is known"])


def scripts() -> list[str]:
    """What npm's registry says of the packages of the built front end."""
    if not (ROOT / ".web" / "package-lock.json").exists():
        return tell("npm", ["the front end is not built; run `make run` once"])
    command = ["npm", "audit", "--omit=dev", "--json"]
    ended = subprocess.run(command, cwd=ROOT / ".web", capture_output=True, text=True, check=False)
    try:
        report = json.loads(ended.stdout)
        faults = report["vulnerabilities"]
    except (ValueError, KeyError):
        return tell("npm", ["the registry's advisories could not be reached; nothing is known"])
    return tell(
        f"npm: {report['metadata']['dependencies']['total']} packages",
        [f"{name}: {each['severity']}" for name, each in faults.items()],
    )


def tell(what: str, found: list[str]) -> list[str]:
    """Print what was looked at and what came of it."""
    print(f"{what}: {'clean' if not found else ''}".rstrip(), flush=True)
    for each in found:
        print(f"  {each}", flush=True)
    return found


def main() -> int:
    """How many things are left to do."""
    programs = prepare()
    left = [
        *code(programs),
        *libraries(programs, LOCKS["run"]),
        *libraries(programs, LOCKS["dev"]),
        *scripts(),
    ]
    return len(left)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
