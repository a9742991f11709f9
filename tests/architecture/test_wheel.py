import subprocess
import sys
import zipfile

import pytest

from tests.architecture.sources import ROOT


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the wheel, built without the front end."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        return set(content.namelist())


def shipped_from(folder: str, inside: str) -> set[str]:
    """What a folder of the repository should become in the wheel."""
    return {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("folder", "inside"),
    [("flowstudio", "flowstudio"), ("alembic", "flowstudio/_alembic"), ("examples", "flowstudio/_examples")],
)
def test_the_wheel_ships_every_file_of(folder: str, inside: str, names: set[str]) -> None:
    wanted = {name for name in shipped_from(folder, inside) if "/_frontend/" not in name}
    assert wanted
    assert wanted - names == set()


def test_the_wheel_ships_nothing_else(names: set[str]) -> None:
    strange = {name for name in names if not name.startswith(("flowstudio/", "flowstudio-"))}
    assert strange == set()
    assert not any("__pycache__" in name or name.endswith(".db") for name in names)


def test_the_wheel_carries_licence_types_and_command(names: set[str]) -> None:
    assert "flowstudio/py.typed" in names
    assert {name.rsplit("/", 1)[-1] for name in names if ".dist-info/" in name} >= {
        "LICENSE",
        "entry_points.txt",
    }
