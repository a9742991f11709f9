"""Answers by schema: read, checked, repaired once."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.ai.message import system, user
from flowstudio.ai.model import Abilities
from flowstudio.ai.structured import answer, fault_of, parse, schema_of_example
from flowstudio.errors import ModelError, NodeError
from tests.ai.scripted import ScriptedModel, replied, texts

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ASKED = (system("Be exact."), user("Ada is 36."))


async def test_a_model_that_holds_to_schemas_is_given_the_schema_itself() -> None:
    model = ScriptedModel('{"name": "Ada", "age": 36}')
    found = await answer(model, ASKED, PERSON)
    assert found.value == {"name": "Ada", "age": 36}
    assert model.asked[0].answer is not None
    assert model.asked[0].answer.schema == PERSON
    assert model.asked[0].messages == ASKED


async def test_other_models_are_told_in_the_instructions() -> None:
    model = ScriptedModel(
        'Here:\n```json\n{"name": "Ada", "age": 36}\n```', abilities=Abilities(structured=False)
    )
    found = await answer(model, ASKED, PERSON)
    assert found.value == {"name": "Ada", "age": 36}
    assert model.asked[0].answer is None
    roles = texts(model.asked[0].messages)
    assert [role for role, _ in roles] == ["system", "system", "user"]
    assert '"required": ["name", "age"]' in roles[1][1]


async def test_a_wrong_answer_is_sent_back_with_its_fault() -> None:
    model = ScriptedModel('{"name": "Ada", "age": -1}', '{"name": "Ada", "age": 36}')
    found = await answer(model, ASKED, PERSON)
    assert found.value["age"] == 36
    assert found.usage.calls == 2
    repeated = texts(model.asked[1].messages)
    assert repeated[-2] == ("assistant", '{"name": "Ada", "age": -1}')
    assert "In 'age': -1 is less than the minimum of 0." in repeated[-1][1]


async def test_a_second_wrong_answer_is_an_error_that_names_the_fault() -> None:
    model = ScriptedModel("I do not know.", '{"name": "Ada"}')
    with pytest.raises(ModelError, match="'age' is a required property") as caught:
        await answer(model, ASKED, PERSON)
    assert caught.value.kind == "malformed"
    assert caught.value.detail["answer"] == '{"name": "Ada"}'


async def test_an_answer_that_was_cut_off_says_so() -> None:
    model = ScriptedModel('{"na', replied('{"name": "Ada', "length"))
    with pytest.raises(ModelError, match="cut off"):
        await answer(model, ASKED, PERSON)


@pytest.mark.parametrize(
    ("schema", "said", "value"),
    [
        ({"type": "array", "items": {"type": "string"}}, '{"value": ["a"]}', ["a"]),
        ({"enum": ["yes", "no"]}, '{"value": "no"}', "no"),
        ({"properties": {"a": {"type": "number"}}}, '{"a": 1.5}', {"a": 1.5}),
    ],
)
async def test_forms_that_are_no_objects_are_wrapped_for_the_model(
    schema: dict[str, Any], said: str, value: Any
) -> None:
    model = ScriptedModel(said)
    assert (await answer(model, ASKED, schema)).value == value
    assert model.asked[0].answer is not None
    assert model.asked[0].answer.schema["type"] == "object"


async def test_a_schema_that_is_none_is_refused_before_the_model_is_asked() -> None:
    model = ScriptedModel()
    with pytest.raises(NodeError, match="JSON schema of the answer is not valid"):
        await answer(model, ASKED, {"type": "thing"})
    assert model.asked == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Sure! {"a": {"b": [1, 2]}} Anything else?', {"a": {"b": [1, 2]}}),
        ("```json\n[1, 2]\n```", [1, 2]),
        ('Use {curly} braces: {"a": "}"}', {"a": "}"}),
        (" 7 ", 7),
    ],
)
def test_json_is_found_among_words(text: str, value: Any) -> None:
    assert parse(text) == value


def test_words_without_json_are_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        parse("I would rather not.")


def test_the_schema_of_an_example_admits_its_like_only() -> None:
    schema = schema_of_example(
        {"name": "Ada", "age": 36, "tags": ["x"], "born": {"in": "London"}, "any": None}
    )
    assert fault_of({"name": "B", "age": 1, "tags": [], "born": {"in": "Y"}, "any": 5}, schema) == ""
    assert "'age'" in fault_of({"name": "B", "age": "1", "tags": [], "born": {"in": "Y"}, "any": 5}, schema)
    assert "'born'" in fault_of({"name": "B", "age": 1, "tags": [], "any": 5}, schema)
