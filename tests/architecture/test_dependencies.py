import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT
from tests.architecture.test_locks import pins


def imported(text: str) -> Iterator[str]:
    """Top-level names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def provided() -> set[str]:
    """Distributions that an installation has or may have: the locked ones and the optional ones."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = (
        Requirement(text).name
        for group in project.get("optional-dependencies", {}).values()
        for text in group
    )
    return {*pins((ROOT / "requirements.txt").read_text()), *map(canonicalize_name, optional)}


def missing(folder: Path) -> dict[str, str]:
    """Imports below the folder that no run-time requirement provides, each with a module that has it."""
    known, available = packages_distributions(), provided()
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for name in imported(path.read_text("utf-8")):
            if name in sys.stdlib_module_names or name == "flowstudio":
                continue
            if not {canonicalize_name(each) for each in known.get(name, [])} & available:
                found.setdefault(name, path.name)
    return found


def test_the_product_imports_only_what_its_installation_has() -> None:
    assert missing(ROOT / "flowstudio") == {}


def test_an_import_of_a_development_tool_is_found(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "import os\n\ndef go():\n    from hypothesis import given\n    import httpx\n"
    )
    assert missing(tmp_path) == {"hypothesis": "odd.py"}
