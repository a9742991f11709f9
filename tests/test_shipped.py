from pathlib import Path

import pytest

from flowstudio import shipped as module
from flowstudio.shipped import shipped


def test_in_a_checkout_the_folder_lies_beside_the_package() -> None:
    assert (shipped("examples") / "order-triage.json").is_file()


def test_in_a_wheel_the_folder_lies_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "flowstudio"
    (package / "_examples").mkdir(parents=True)
    (tmp_path / "examples").mkdir()
    monkeypatch.setattr(module, "PACKAGE", package)
    assert shipped("examples") == package / "_examples"
