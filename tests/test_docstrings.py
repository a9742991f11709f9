"""What stands below fields is found quickly, and the same as Pydantic finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydantic
import pytest
from pydantic import BaseModel, ConfigDict
from pydantic._internal._docs_extraction import extract_docstrings_from_cls

import flowstudio.nodes
from flowstudio import docstrings
from flowstudio.api import app
from flowstudio.docstrings import below_fields
from flowstudio.engine.registry import discover


def models(of: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models of the product."""
    for model in of.__subclasses__():
        if model.__module__.startswith("flowstudio."):
            yield model
        yield from models(model)


def test_every_model_has_the_docstrings_that_pydantic_finds() -> None:
    assert app is not None
    discover(flowstudio.nodes)
    found = {model for model in models(BaseModel) if not model.__pydantic_generic_metadata__["origin"]}
    assert len(found) > 300
    documented = 0
    for model in sorted(found, key=lambda model: (model.__module__, model.__qualname__))[::4]:
        quick = below_fields(model)
        assert quick is not None, model
        assert dict(quick) == extract_docstrings_from_cls(model, use_inspect=True), model
        documented += len(quick)
    assert documented > 200


def test_models_of_others_and_of_the_same_name_are_left_to_pydantic() -> None:
    class Here(BaseModel):
        model_config = ConfigDict(use_attribute_docstrings=True)
        field: int
        """Of a test."""

    assert below_fields(Here) is None
    assert Here.model_fields["field"].description == "Of a test."
    assert below_fields(pydantic.BaseModel) is None


@pytest.mark.parametrize("missing", [False, True])
def test_it_holds_for_what_is_imported_later_and_does_without_where_pydantic_has_changed(
    missing: bool,
) -> None:
    code = (
        "import pydantic._internal._fields as fields\n"
        + ("del fields.extract_docstrings_from_cls\n" if missing else "")
        + "from flowstudio.docstrings import NAME, speed_up\n"
        "speed_up(); speed_up()\n"
        + (
            "print(hasattr(fields, NAME))"
            if missing
            else "from flowstudio.nodes.flow.if_else import IfElse\n"
            "print(fields.extract_docstrings_from_cls.quick, bool(IfElse.model_fields['conditions'].description))"
        )
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["False"] if missing else ["True", "True"])


MODULE = """
class Lamp:
    price: int
    \"\"\"In euros.\"\"\"
"""


def found_by_a_new_process(folder: Path) -> str:
    """What a process finds below the field of `flowstudio.lamp`, a module that stands in the folder."""
    code = (
        "import importlib.util, sys\n"
        "from pathlib import Path\n"
        "from flowstudio import docstrings\n"
        f"docstrings.KEPT = Path({str(folder)!r}, 'kept.json')\n"
        f"spec = importlib.util.spec_from_file_location('flowstudio.lamp', {str(folder / 'lamp.py')!r})\n"
        "sys.modules['flowstudio.lamp'] = module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(docstrings.below_fields(module.Lamp)['price'])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_what_was_found_is_kept_until_the_source_changes(tmp_path: Path) -> None:
    source, kept = tmp_path / "lamp.py", tmp_path / "kept.json"
    source.write_text(MODULE)
    kept.write_text("[]")  # damaged
    assert found_by_a_new_process(tmp_path) == "In euros."
    stamp, found = json.loads(kept.read_text())["flowstudio.lamp"]
    assert found == {"Lamp": {"price": "In euros."}}
    kept.write_text(json.dumps({"flowstudio.lamp": [stamp, {"Lamp": {"price": "From before."}}]}))
    assert found_by_a_new_process(tmp_path) == "From before."
    source.write_text(MODULE.replace("euros", "Swiss francs"))
    assert found_by_a_new_process(tmp_path) == "In Swiss francs."


def test_where_nothing_can_be_kept_it_is_looked_for_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docstrings, "KEPT", tmp_path / "missing" / "kept.json")
    docstrings._keep({"a": [[1, 2], {}]})
    assert docstrings._stamp(None) == []
    assert docstrings._stamp(str(tmp_path / "missing.py")) == []
    assert not list(tmp_path.iterdir())
