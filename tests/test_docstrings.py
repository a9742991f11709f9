"""What stands below fields is found quickly, and the same as Pydantic finds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pydantic
import pytest
from pydantic import BaseModel, ConfigDict
from pydantic._internal._docs_extraction import extract_docstrings_from_cls

import flowstudio.nodes
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
