import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/find-python"


def find(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where only this folder's programs exist."""
    return subprocess.run(
        ["/bin/sh", SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def python(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


REAL = f'exec {sys.executable} "$@"'


def test_a_stub_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    python(tmp_path, "python3.13", "exit 127")
    python(tmp_path, "python3.11", REAL)
    assert find(tmp_path).stdout.strip() == str(tmp_path / "python3.11")


def test_a_python_without_venv_is_named_with_the_remedy(tmp_path: Path) -> None:
    python(tmp_path, "python3", 'case "$2" in *venv*) exit 1;; esac')
    done = find(tmp_path)
    assert done.returncode == 1
    assert "Without venv: python3." in done.stderr
    assert "python3-venv" in done.stderr


@pytest.mark.parametrize("names", [[], ["python3"]])
def test_no_fitting_python_is_a_clear_failure(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        python(tmp_path, name, "exit 1")
    done = find(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Python 3.11 or newer" in done.stderr
    assert "make PYTHON=" in done.stderr
