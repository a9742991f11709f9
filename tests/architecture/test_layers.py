import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package below `root` with the repository's contracts."""
    command = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that a test may spoil."""
    shutil.copytree(
        ROOT / "flowstudio",
        tmp_path / "flowstudio",
        ignore=shutil.ignore_patterns("_frontend", "__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_down_only() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("engine/item.py", "import sqlalchemy", "The engine knows no database"),
        ("engine/item.py", "import fastapi", "The engine knows no database"),
        ("engine/item.py", "from flowstudio.services import bus", "Imports point down only"),
        ("services/bus.py", "from flowstudio.pages import odd", "Imports point down only"),
        ("errors.py", "import flowstudio.config", "Imports point down only"),
    ],
)
def test_an_import_that_points_up_is_refused(copy: Path, module: str, line: str, contract: str) -> None:
    (copy / "flowstudio/pages").mkdir(exist_ok=True)
    (copy / "flowstudio/pages/__init__.py").touch()
    (copy / "flowstudio/pages/odd.py").touch()
    with (copy / "flowstudio" / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1
    assert any(contract in row and "BROKEN" in row for row in done.stdout.splitlines()), done.stdout


def test_a_module_without_a_layer_is_refused(copy: Path) -> None:
    (copy / "flowstudio/stray.py").touch()
    done = lint(copy)
    assert done.returncode == 1
    assert "stray" in done.stdout
