import sys
from pathlib import Path

import pytest

from scripts import install
from scripts.install import announced, digest_of, packages, up_to_date


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("Collecting alembic==1.20.1 (from -r requirements.txt (line 6))\n", "alembic==1.20.1"),
        (
            "Processing /srv/wheels/anyio-4.16.0-py3-none-any.whl (from -r x (line 1))\n",
            "anyio-4.16.0-py3-none-any.whl",
        ),
        ("Requirement already satisfied: click==8.3 in ./lib (from -r x)\n", "click==8.3"),
        ("  Downloading alembic-1.20.1-py3-none-any.whl (240 kB)\n", None),
    ],
)
def test_progress_is_read_from_pip(line: str, package: str | None) -> None:
    assert announced(line) == package


def test_packages_are_counted_once_each(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "# made by\na==1 \\\n    --hash=sha256:00\nb[x]==2 ; python_version < '3.12' \\\n    --hash=sha256:00\n"
    )
    assert packages(lock) == 2


def test_a_changed_lock_file_is_not_up_to_date(tmp_path: Path) -> None:
    lock, stamp = tmp_path / "requirements.txt", tmp_path / "run.stamp"
    lock.write_text("a==1")
    assert not up_to_date(stamp, digest_of(lock))
    stamp.write_text(digest_of(lock))
    assert up_to_date(stamp, digest_of(lock))
    lock.write_text("a==2")
    assert not up_to_date(stamp, digest_of(lock))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout and an environment folder of the test's own; nothing is installed in the real ones."""
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "requirements.txt").write_text("a==1 \\\n    --hash=sha256:00\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def test_nothing_is_asked_of_pip_the_second_time(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(install, "pip", lambda *arguments, expected: calls.append(arguments))
    install.install("run")
    assert [call[0] for call in calls] == ["--require-hashes", "--no-index"]
    install.install("run")
    assert len(calls) == 2
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    install.install("run")
    assert [call[0] for call in calls[2:]] == ["--no-index"]


def test_a_failed_install_leaves_no_stamp_and_shows_pips_words(
    checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (checkout / "requirements.txt").write_text("no-such-package==1 --hash=sha256:" + 64 * "0")
    with pytest.raises(SystemExit, match="pip could not install"):
        install.install("run")
    assert not (checkout / "run.stamp").exists()
    assert "No matching distribution found for no-such-package" in capfd.readouterr().err


def test_an_environment_that_was_moved_is_refused_with_the_remedy(checkout: Path) -> None:
    (checkout / "bin").mkdir()
    (checkout / "bin/pip").write_text("#!/elsewhere/.venv/bin/python\n")
    with pytest.raises(SystemExit, match="made in another folder"):
        install.install("run")
