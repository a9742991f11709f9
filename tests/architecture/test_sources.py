from pathlib import Path

import pytest

from tests.architecture.sources import (
    ROOT,
    Rule,
    breaches,
    machine_path,
    relaxed,
    too_long,
    undocumented,
    unfinished,
    written_files,
)

RULES = [too_long, unfinished, machine_path, undocumented, relaxed]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps_the_rule(rule: Rule) -> None:
    assert breaches(rule) == []


def test_the_rules_see_the_repository() -> None:
    seen = {path.relative_to(ROOT).as_posix() for path in written_files()}
    assert {"Makefile", "README.md", "pyproject.toml", "flowstudio/errors.py", ".ci/run"} <= seen
    assert not any(".venv" in path or "__pycache__" in path for path in seen)


def planted(root: Path, name: str, text: str) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return root


def test_a_file_over_the_limit_is_found(tmp_path: Path) -> None:
    assert breaches(too_long, planted(tmp_path, "flowstudio/long.py", "x = 1\n" * 500)) == []
    assert breaches(too_long, planted(tmp_path, "flowstudio/long.py", "x = 1\n" * 501)) == [
        "flowstudio/long.py: 501 lines; split it (at most 500)"
    ]


@pytest.mark.parametrize("mark", ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
def test_a_mark_of_unfinished_work_is_found(tmp_path: Path, mark: str) -> None:
    root = planted(tmp_path, "flowstudio/odd.py", f'"""Odd."""\n# {mark}: later\n')
    assert breaches(unfinished, root) == [f"flowstudio/odd.py:2: {mark}; finish it or file it"]


@pytest.mark.parametrize("path", ["/home/" + "ann/x", "/root" + "/x", "/work" + "/main", "/Users/" + "ann/x"])
def test_a_path_of_one_machine_is_found_in_docs_and_code(tmp_path: Path, path: str) -> None:
    planted(tmp_path, "docs/page.md", f"Look in {path} for it.\n")
    assert len(breaches(machine_path, planted(tmp_path, "flowstudio/odd.py", f'X = "{path}"\n'))) == 2


@pytest.mark.parametrize("text", ["https://example.com/home/ann/x", "~/work/x", "./root/x", "/var/lib/x"])
def test_a_path_that_means_no_machine_is_let_through(tmp_path: Path, text: str) -> None:
    assert breaches(machine_path, planted(tmp_path, "docs/page.md", text)) == []


def test_a_missing_docstring_is_found(tmp_path: Path) -> None:
    root = planted(tmp_path, "flowstudio/odd.py", "def go() -> None: ...\nclass _Inner: ...\n")
    assert breaches(undocumented, root) == [
        "flowstudio/odd.py: the module has no docstring",
        "flowstudio/odd.py:1: go has no docstring",
    ]


@pytest.mark.parametrize(
    ("comment", "accepted"),
    [
        ("# type: " + "ignore", False),
        ("# type: " + "ignore[arg-type]", False),
        ("# type: " + "ignore[arg-type]  # the library's stub is wrong", True),
        ("# no" + "qa", False),
        ("# no" + "qa: B008", False),
        ("# no" + "qa: B008 - evaluated once on purpose", True),
    ],
)
def test_a_check_is_switched_off_only_by_name_and_with_a_reason(
    tmp_path: Path, comment: str, accepted: bool
) -> None:
    found = breaches(relaxed, planted(tmp_path, "flowstudio/odd.py", f"x = 1  {comment}\n"))
    assert (found == []) is accepted
