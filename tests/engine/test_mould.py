"""Instances made after a first one."""

from __future__ import annotations

from typing import Annotated, Any, Self

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from flowstudio.engine.holes import Hole, fill
from flowstudio.engine.mould import Mould


class Part(BaseModel):
    """An entry."""

    model_config = ConfigDict(coerce_numbers_to_str=True)
    name: Annotated[str, Field(min_length=1)]
    value: Any = None


class Strict(BaseModel):
    """An entry with a rule over all its fields."""

    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Tree(BaseModel):
    """A recursive entry."""

    title: str = ""
    children: list[Tree] = Field(default_factory=list)


class Whole(BaseModel):
    """Every kind of field."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)
    text: str = ""
    number: int = Field(0, alias="count", ge=0)
    anything: Any = None
    maybe: Part | None = None
    nested: Part = Part(name="x")
    parts: list[Part] = Field(default_factory=list, max_length=3)
    ranges: list[Strict] = Field(default_factory=list)
    table: dict[str, int] = Field(default_factory=dict)
    rows: Annotated[list[Part], BeforeValidator(lambda value: value or [])] = Field(default_factory=list)
    even: Annotated[int, AfterValidator(lambda value: value * 2)] = 0
    tree: Tree = Tree()

    @field_validator("text", mode="before")
    @classmethod
    def _strip(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value


Holed = dict[str, Any]


@pytest.mark.parametrize(
    ("holed", "first", "later"),
    [
        ({"text": Hole(0)}, [" a "], [" b "]),
        ({"text": Hole(0)}, ["a"], [5]),
        ({"count": Hole(0)}, [1], ["2"]),
        ({"anything": Hole(0)}, [1], [{"a": [None]}]),
        ({"anything": {"a": [Hole(0), 1]}}, [1], [2]),
        ({"maybe": Hole(0)}, [None], [{"name": "n"}]),
        ({"maybe": {"name": Hole(0)}}, ["a"], ["b"]),
        ({"nested": {"name": "a", "value": Hole(0), "other": Hole(1)}}, [1, 1], ["2", 2]),
        ({"parts": [{"name": Hole(0), "value": 1}, {"name": "b", "value": Hole(1)}]}, ["a", 1], [7, [2]]),
        ({"parts": Hole(0)}, [[{"name": "a"}]], [[{"name": "a"}, {"name": "b"}]]),
        ({"parts": [Hole(0)]}, [{"name": "a"}], [{"name": "b"}]),
        ({"ranges": [{"low": Hole(0), "high": 5}]}, [1], [2]),
        ({"table": {"a": Hole(0), "b": 2}}, [1], ["2"]),
        ({"rows": [{"name": Hole(0)}]}, ["a"], ["b"]),
        ({"even": Hole(0)}, [1], [2]),
        ({"tree": {"title": "a", "children": [{"title": Hole(0)}]}}, ["a"], ["b"]),
    ],
)
def test_what_is_made_after_the_first_equals_full_validation(
    holed: Holed, first: list[Any], later: list[Any]
) -> None:
    constant = {"table": {"z": 1}, "parts": [{"name": "k"}]}
    model = Whole.model_validate({**constant, **fill(holed, first)})
    kept = model.model_dump()
    made = Mould(Whole, holed).after(model, later)
    assert made is not None
    assert made == Whole.model_validate({**constant, **fill(holed, later)})
    assert made.model_fields_set == model.model_fields_set
    assert model.model_dump() == kept


@pytest.mark.parametrize(
    ("holed", "first", "later"),
    [
        ({"count": Hole(0)}, [1], [-1]),
        ({"text": Hole(0)}, ["a"], [None]),
        ({"maybe": {"name": Hole(0)}}, ["a"], [""]),
        ({"parts": [{"name": "a"}, {"name": Hole(0)}]}, ["a"], [[]]),
        ({"ranges": [{"low": Hole(0), "high": 5}]}, [1], [6]),
        ({"parts": Hole(0)}, [[]], [[{"name": "a"}] * 4]),
        ({"rows": [{"name": Hole(0)}]}, ["a"], [None]),
    ],
)
def test_what_does_not_fit_is_left_to_full_validation(
    holed: Holed, first: list[Any], later: list[Any]
) -> None:
    assert Mould(Whole, holed).after(Whole.model_validate(fill(holed, first)), later) is None


class Ruled(BaseModel):
    """A rule over several fields."""

    a: int = 0
    b: int = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.a > self.b:
            raise ValueError("a is above b")
        return self


class Prepared(BaseModel):
    """A rule that sees everything before it is validated."""

    a: int = 0

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, data: Any) -> Any:
        return {**data, "a": 1}


class Looking(BaseModel):
    """A field that looks at another."""

    a: int = 0
    b: int = Field(0, validate_default=True)

    @field_validator("b")
    @classmethod
    def _below(cls, value: int, info: ValidationInfo) -> int:
        return value + int(info.data.get("a", 0))


class Derived(BaseModel):
    """A default made from another field."""

    a: int = 0
    b: int = Field(default_factory=lambda data: data["a"] + 1)


class Private(BaseModel):
    """State that validation makes."""

    a: int = 0
    _seen: list[int] = PrivateAttr(default_factory=list)


class Open(BaseModel):
    """Keeps what it does not know."""

    model_config = ConfigDict(extra="allow")
    a: int = 0


class Prompt(BaseModel):
    """Does something once it is made."""

    a: int = 0

    def model_post_init(self, context: Any) -> None:
        self.__dict__["b"] = self.a


class Several(BaseModel):
    """A field under several names."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    a: int = Field(0, alias="first")


@pytest.mark.parametrize("cls", [Ruled, Prepared, Looking, Derived, Private, Open, Prompt, Several])
def test_a_class_whose_fields_depend_on_each_other_is_validated_as_a_whole(cls: type[BaseModel]) -> None:
    assert Mould(cls, {"a": Hole(0)}).after(cls.model_validate({"a": 0}), [0]) is None
