"""The front end is built once, and again only when its sources changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowstudio import frontend
from flowstudio.errors import ConfigurationError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the least that has a hash; nothing is shipped."""
    for name, content in {
        "rxconfig.py": "config = 1",
        "flowstudio/pages/home.py": "page = 1",
        "flowstudio/nodes/filter.py": 'icon = "filter"\nnumber = 1',
        "assets/style.css": "a {}",
        "assets/external/link.jsx": "generated",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    monkeypatch.setattr(frontend, "CHECKOUT", tmp_path)
    monkeypatch.setattr(frontend, "PACKAGE", tmp_path / "flowstudio")
    monkeypatch.setattr(frontend, "SHIPPED", tmp_path / "flowstudio" / "_frontend")
    return tmp_path


def stamp(checkout: Path) -> None:
    file = checkout / ".web" / "build" / "flowstudio.stamp"
    file.parent.mkdir(parents=True)
    file.write_text(frontend.source_hash())


def test_a_checkout_without_a_stamp_is_not_built(checkout: Path) -> None:
    assert not frontend.is_built()


def test_nothing_is_built_while_the_stamp_fits_the_sources(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(checkout)
    monkeypatch.setattr(frontend, "_export", lambda: pytest.fail("built without need"))
    assert frontend.build() is False


@pytest.mark.parametrize(
    ("file", "content", "matters"),
    [
        ("rxconfig.py", "config = 2", True),
        ("flowstudio/pages/home.py", "page = 2", True),
        ("assets/style.css", "b {}", True),
        ("flowstudio/nodes/filter.py", 'icon = "funnel"\nnumber = 1', True),
        ("flowstudio/nodes/filter.py", 'icon = "filter"\nnumber = 2', False),
        ("assets/external/link.jsx", "generated again", False),
    ],
)
def test_a_changed_source_asks_for_a_build_and_other_files_do_not(
    checkout: Path, file: str, content: str, matters: bool
) -> None:
    stamp(checkout)
    (checkout / file).write_text(content)
    assert frontend.is_built() is not matters


def test_a_shipped_front_end_is_never_built(checkout: Path) -> None:
    (checkout / "flowstudio" / "_frontend" / "build" / "client").mkdir(parents=True)
    assert frontend.web_folder() == checkout / "flowstudio" / "_frontend"
    assert frontend.is_built()
    assert frontend.build(force=True) is False


def test_an_installation_without_front_end_and_sources_says_what_to_do(checkout: Path) -> None:
    (checkout / "rxconfig.py").unlink()
    with pytest.raises(ConfigurationError, match="Install a released wheel"):
        frontend.build()
