import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import GENERATED, ROOT

LOCKS = sorted(ROOT.glob("requirements*.txt"))
HOST = re.compile(
    r"https?:|://|\b[\w-]+\.(?:org|com|net|io|dev|cloud)\b|--(?:extra-)?index-url|--find-links|file:"
)
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==(\S+)(?: ; ([^\\]+))?")


def pins(text: str) -> dict[str, str]:
    """Names and versions of a lock file."""
    found = (PIN.match(line) for line in text.splitlines())
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def hosts(text: str) -> list[str]:
    """Lines that name a host or a place to fetch from."""
    return [line for line in text.splitlines() if HOST.search(line)]


def unhashed(text: str) -> list[str]:
    """Pins without any hash."""
    entries = re.split(r"\n(?=\S)", text)
    return [entry for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry]


def declared(*groups: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for: the product's requirements and those of the groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    for group in groups:
        wanted += project["dependency-groups"][group]
    yield from map(Requirement, wanted)


def test_there_is_a_lock_file_for_each_purpose() -> None:
    assert [path.name for path in LOCKS] == [
        "requirements-dev.txt",
        "requirements-postgres.txt",
        "requirements.txt",
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_host(lock: Path) -> None:
    assert hosts(lock.read_text()) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_hashes(lock: Path) -> None:
    assert pins(lock.read_text())
    assert unhashed(lock.read_text()) == []


@pytest.mark.parametrize(
    ("name", "groups"), [("requirements.txt", ("build",)), ("requirements-dev.txt", ("build", "dev"))]
)
def test_every_declared_requirement_is_locked_in_an_allowed_version(
    name: str, groups: tuple[str, ...]
) -> None:
    locked = pins((ROOT / name).read_text())
    wrong = [
        f"{requirement}: locked is {locked.get(canonicalize_name(requirement.name))}; run make lock"
        for requirement in declared(*groups)
        if not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]
    assert wrong == []


def test_tests_run_with_the_versions_that_the_product_runs_with() -> None:
    product, development = (
        pins((ROOT / name).read_text()) for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {name: development.get(name) for name in product} == product


@pytest.mark.parametrize(
    "line",
    [
        "--index-url x",
        "a @ http" + "s://files.example.org/a.whl",
        "--find-links wheels",
        "# from pypi" + ".org",
        "a @ file" + ":a.whl",
    ],
)
def test_a_host_in_a_lock_file_is_found(line: str) -> None:
    assert hosts(f"a==1 \\\n    --hash=sha256:00\n{line}\n") == [line]


def test_a_pin_without_a_hash_is_found() -> None:
    assert unhashed("a==1 \\\n    --hash=sha256:00\nb==2\nc==3 \\\n    --hash=sha256:00") == ["b==2"]


def package_locks() -> list[Path]:
    return [
        path
        for path in ROOT.rglob("package-lock.json")
        if not {*path.relative_to(ROOT).parts} & {*GENERATED, ".web", ".venv", "build"}
    ]


def complete(package: dict[str, object]) -> bool:
    """Whether npm can check the package wherever it comes from. Bundled ones are checked with their parent."""
    return "resolved" not in package and ("integrity" in package or package.get("inBundle") is True)


def test_package_locks_have_integrity_and_no_address() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in package_locks()
        for name, package in json.loads(path.read_text())["packages"].items()
        if name and not package.get("link") and not complete(package)
    ]
    assert wrong == []


def test_the_lock_files_are_complete_so_that_pip_resolves_nothing() -> None:
    """They are installed with `--no-deps`: a release that appears later cannot change or break an installation."""
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
