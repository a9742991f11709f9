from pathlib import Path

import pytest

from scripts import browser


def program(path: Path, exit_code: int = 0) -> Path:
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without any browser."""
    monkeypatch.delenv("FLOWSTUDIO_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "PLACES", ())
    monkeypatch.setattr(browser, "playwright_own", lambda: None)


def test_the_named_browser_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "chromium")
    mine = program(tmp_path / "mine")
    monkeypatch.setenv("FLOWSTUDIO_CHROMIUM", str(mine))
    assert browser.find() == mine


def test_a_named_browser_that_does_not_run_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWSTUDIO_CHROMIUM", str(program(tmp_path / "mine", exit_code=1)))
    with pytest.raises(RuntimeError, match="does not run"):
        browser.find()


def test_a_stub_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "chromium", exit_code=1)
    chrome = program(tmp_path / "google-chrome")
    assert browser.find() == chrome


def test_without_a_browser_playwright_is_asked_then_debian_then_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def fail(name: str) -> bool:
        asked.append(name)
        return False

    monkeypatch.setattr(browser, "attempt", lambda command, seconds: fail(command[2]))
    monkeypatch.setattr(browser, "install_debian", fail)
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        browser.provide()
    assert asked == ["playwright", "chromium"]


def test_the_browser_that_an_installer_brought_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "attempt", lambda command, seconds: False)
    monkeypatch.setattr(browser, "install_debian", lambda package: bool(program(tmp_path / package)))
    assert browser.provide() == tmp_path / "chromium"
