import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts import browser, postgres, run_tests
from scripts.run_tests import NO_TESTS, Part, described, run, verdict

PASSING = "def test_one(): pass\ndef test_two(): pass\n"
MIXED = """
import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip
def test_left_out(): pass
@pytest.fixture
def broken(): raise OSError
def test_with_broken_fixture(broken): pass
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with its own, small tests, in place of this one."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p no:cacheprovider'\n")
    (tmp_path / "tests/e2e").mkdir(parents=True)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take two seconds to load
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    monkeypatch.setattr(run_tests, "SIDE_BY_SIDE", ())  # needs a plugin
    monkeypatch.setattr(run_tests, "build_front_end", lambda: None)
    monkeypatch.setattr(browser, "provide", lambda: Path("/usr/bin/chromium"))
    monkeypatch.setattr(postgres, "provide", lambda: None)
    return tmp_path


def closing_line(capfd: pytest.CaptureFixture[str]) -> str:
    return capfd.readouterr().out.rstrip().splitlines()[-1].strip("= ").rsplit(" in ", 1)[0]


def test_every_outcome_is_counted(suite: Path) -> None:
    (suite / "tests/test_mixed.py").write_text(MIXED)
    part = run("unit", "tests")
    assert part.exit_code == 1
    assert described(part.counts) == "1 failed, 1 passed, 1 skipped, 1 error"


def test_the_closing_line_sums_both_parts(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (suite / "tests/test_unit.py").write_text(PASSING)
    (suite / "tests/e2e/test_page.py").write_text("def test_page(): pass\n")
    assert run_tests.main([]) == 0
    assert closing_line(capfd) == "3 passed"


@pytest.mark.parametrize("culprit", ["tests/test_unit.py", "tests/e2e/test_page.py"])
def test_a_failure_in_either_part_fails_the_whole(
    suite: Path, capfd: pytest.CaptureFixture[str], culprit: str
) -> None:
    (suite / "tests/test_unit.py").write_text(PASSING)
    (suite / "tests/e2e/test_page.py").write_text("def test_page(): pass\n")
    (suite / culprit).write_text("def test_bad(): assert False\n")
    assert run_tests.main([]) == 1
    assert closing_line(capfd).startswith("1 failed, ")


def test_a_part_that_breaks_off_counts_as_an_error(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (suite / "tests/test_unit.py").write_text("def test_gone():\n    import os\n    os._exit(3)\n")
    (suite / "tests/e2e/test_page.py").write_text("def test_page(): pass\n")
    assert run_tests.main([]) == 3
    assert closing_line(capfd) == "1 passed, 1 error"


def test_no_tests_at_all_is_a_failure(suite: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main([]) == NO_TESTS
    assert closing_line(capfd) == "no tests ran"


def test_a_missing_postgresql_is_said_before_the_closing_line(
    suite: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (suite / "tests/test_unit.py").write_text(PASSING)
    run_tests.main([])
    assert "PostgreSQL were SKIPPED" in capfd.readouterr().out.rstrip().splitlines()[-2]


def test_a_missing_browser_stops_the_run_with_the_remedy(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RuntimeError(browser.REMEDY)

    monkeypatch.setattr(browser, "provide", nowhere)
    with pytest.raises(SystemExit, match="FLOWSTUDIO_CHROMIUM"):
        run_tests.main([])


def test_choosing_tests_of_one_part_does_not_fail_the_other() -> None:
    parts = [Part("unit", 0, Counter(passed=3), 1.0), Part("browser", NO_TESTS, Counter(), 1.0)]
    assert verdict(parts) == 0


def test_make_test_hands_the_exit_code_on(tmp_path: Path) -> None:
    makefile = Path(run_tests.__file__).parent.parent / "Makefile"
    recipe = subprocess.run(
        [
            "make",
            "-n",
            "--no-print-directory",
            "-o",
            "setup-dev",
            "-f",
            makefile,
            "test",
            f"PYTHON={sys.executable}",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    )
    assert recipe.stdout.strip().endswith("-m scripts.run_tests")
    assert "||" not in recipe.stdout
    assert "|" not in recipe.stdout
