"""Writing expressions: dragging data, results while typing, suggestions, errors at their fields."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_editor import store, stored

PEOPLE = [
    {"name": "Ada", "age": 36, "address": {"city": "Ulm"}},
    {"name": "Bob", "age": 40, "address": {"city": "Bonn"}},
]


def workflow(**properties: Any) -> dict[str, Any]:
    """A trigger, a step with pinned people, and a step that sets fields."""
    return {
        "name": "People",
        "nodes": [
            {"id": "1", "type": "manual-trigger", "data": {"label": "Go"}},
            {
                "id": "2",
                "type": "no-op",
                "position": {"x": 320, "y": 0},
                "data": {"label": "It's people", "pinned": PEOPLE},
            },
            {
                "id": "3",
                "type": "edit-fields",
                "position": {"x": 640, "y": 0},
                "data": {
                    "label": "Greet",
                    "properties": {"mode": "manual", "fields": [{"name": "text", "value": ""}]} | properties,
                },
            },
        ],
        "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
    }


def panel_of(page: Page, label: str) -> Locator:
    """Open a step's panel."""
    page.locator(".react-flow__node").filter(has_text=label).dblclick()
    panel = page.get_by_role("dialog", name=f"Step details: {label}")
    expect(panel).to_be_visible()
    return panel


def value_field(panel: Locator) -> Locator:
    return panel.get_by_role("textbox", name="Value", exact=True)


def fields_in(page: Page, id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stored(page, id_)["nodes"][2]["data"]["properties"]["fields"]
    return found


def test_data_that_is_dropped_makes_an_expression_whose_result_shows(page: Page) -> None:
    store(page, workflow(fields=[{"name": "text", "value": "Dear "}]))
    panel = panel_of(page, "Greet")
    page.get_by_role("group", name="View").get_by_role("button", name="Table").first.click()
    field = panel.get_by_role("columnheader", name="name", exact=True)
    field.drag_to(value_field(panel), target_position={"x": 200, "y": 15})
    value = value_field(panel)
    expect(value).to_have_text("Dear {{ $json.name }}")
    expect(
        panel.get_by_role("radio", name="Expression").and_(page.locator("[aria-checked=true]"))
    ).to_be_visible()
    result = panel.get_by_role("status", name="Result")
    expect(result).to_have_text("Dear Ada")
    panel.get_by_role("button", name="Next item").click()
    expect(result).to_have_text("Dear Bob")
    value.press("Control+End")
    page.keyboard.type(" {{ $nothing.at }}")
    expect(result).to_contain_text("$nothing")
    expect(result).not_to_contain_text("Dear")
    panel.get_by_role("radiogroup", name="Fixed value or expression: Value").get_by_role(
        "radio", name="Fixed"
    ).click()
    expect(value_field(panel)).to_have_value("Dear ")


def test_a_misspelt_field_is_pointed_out(page: Page) -> None:
    store(page, workflow(fields=[{"name": "text", "value": "=Dear {{ $json.naem }}"}]))
    panel = panel_of(page, "Greet")
    value = value_field(panel)
    value.click()
    hint = panel.get_by_role("note").filter(has_text="This item has no field")
    expect(hint).to_have_text("This item has no field “naem”. Did you mean “name”?")
    value.fill("Dear {{ $json.name }}")
    expect(panel.get_by_role("status", name="Result")).to_have_text("Dear Ada")
    expect(hint).to_have_count(0)


def test_suggestions_come_from_the_real_data(page: Page) -> None:
    id_ = store(page, workflow())
    panel = panel_of(page, "Greet")
    value_field(panel).fill("=")
    value = value_field(panel)
    expect(value).to_have_attribute("contenteditable", "true")
    expect(value).to_be_focused()
    page.keyboard.type("{{ $json.ad")
    choices = page.get_by_role("listbox", name="Completions")
    choice = choices.get_by_role("option", name=re.compile("^address"))
    expect(choice).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type(".")
    expect(choices.get_by_role("option", name=re.compile('^city.*"Ulm"'))).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type(".toUp")
    choices.get_by_role("option", name=re.compile("^toUpperCase")).click()
    expect(value).to_have_text("{{ $json.address.city.toUpperCase()}}")
    expect(panel.get_by_role("status", name="Result")).to_have_text("ULM")
    page.keyboard.type(" + $(")
    choices.get_by_role("option", name=re.compile("^It's people")).click()
    page.keyboard.type(".first().json.age")
    expect(panel.get_by_role("status", name="Result")).to_have_text("ULM36")
    page.keyboard.press("Escape")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Open a large editor for Value").click()
    dialog = page.get_by_role("dialog", name="Expression for Value")
    dialog.get_by_role("textbox", name="Value").press("Control+End")
    dialog.get_by_role("button", name="Insert $json.name", exact=True).click()
    expect(dialog.get_by_role("status", name="Result")).to_have_text("ULM36Ada")
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    wanted = """={{ $json.address.city.toUpperCase() + $("It's people").first().json.age}}{{ $json.name }}"""
    assert fields_in(page, id_)[0]["value"] == wanted


def test_renaming_a_step_rewrites_what_names_it(page: Page) -> None:
    document = workflow(fields=[{"name": "a", "value": '={{ $("It\'s people").item.json.name }}'}])
    document["nodes"].append(
        {
            "id": "4",
            "type": "code",
            "position": {"x": 960, "y": 0},
            "data": {"label": "Add", "properties": {"code": "return $('It\\'s people').all();\nnope();"}},
        }
    )
    document["edges"].append({"source": "3", "target": "4"})
    id_ = store(page, document)
    panel = panel_of(page, "It's people")
    name = panel.get_by_role("textbox", name="Name of the step")
    name.fill('The "guests"')
    name.press("Enter")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    nodes = stored(page, id_)["nodes"]
    assert nodes[1]["data"]["label"] == 'The "guests"'
    assert fields_in(page, id_)[0]["value"] == '={{ $("The \\"guests\\"").item.json.name }}'
    assert nodes[3]["data"]["properties"]["code"] == "return $('The \"guests\"').all();\nnope();"
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    panel = panel_of(page, "Greet")
    expect(value_field(panel)).to_have_text('{{ $("It\'s people").item.json.name }}')


def test_code_shows_the_line_that_failed_until_it_is_changed(page: Page) -> None:
    document = workflow()
    code = "const people = $input.all();\nthrow new Error('no good');"
    document["nodes"][2] = {
        "id": "3",
        "type": "code",
        "position": {"x": 640, "y": 0},
        "data": {"label": "Add", "properties": {"language": "javascript", "code": code}},
    }
    store(page, document)
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.locator("[data-status=error]").first).to_be_visible()
    panel = panel_of(page, "Add")
    failed = panel.locator(".fs-failed-line")
    expect(failed).to_have_text("throw new Error('no good');")
    editor = panel.get_by_role("textbox", name="Code", exact=True)
    editor.press("Control+End")
    page.keyboard.type("\n$json.")
    expect(failed).to_have_count(0)
    choices = page.get_by_role("listbox", name="Completions")
    expect(choices.get_by_role("option", name=re.compile("^address"))).to_be_visible()


def test_errors_stand_at_the_field_that_causes_them(page: Page) -> None:
    document = workflow(
        fields=[{"name": "a", "value": "fine"}, {"name": "b", "value": "={{ $json.name.nope() }}"}]
    )
    document["nodes"].append(
        {"id": "4", "type": "http-request", "position": {"x": 960, "y": 0}, "data": {"label": "Fetch"}}
    )
    store(page, document)
    page.get_by_text(re.compile("problem")).first.click()
    page.get_by_role("button", name="'Fetch': URL is required.").click()
    panel = page.get_by_role("dialog", name="Step details: Fetch")
    expect(panel.get_by_role("textbox", name="URL")).to_be_focused()
    expect(panel.get_by_text("URL is required.")).to_be_visible()
    panel.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="'Fetch': URL is required.").click()
    url = panel.get_by_role("textbox", name="URL")
    expect(url).to_be_focused()
    expect(url).to_have_attribute("aria-invalid", "true")
    url.fill("example.com")
    expect(panel.get_by_text("A web address starts with https:// or http://.")).to_be_visible()
    url.fill("https://example.com")
    expect(url).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Execute workflow").click()
    expect(
        page.locator(".react-flow__node").filter(has_text="Greet").locator("[data-status=error]")
    ).to_be_visible()
    panel = panel_of(page, "Greet")
    second = panel.get_by_role("group", name="Entry 2")
    expect(second.get_by_text("A method that is called here does not exist")).to_be_visible()
    expect(value_field(second)).to_have_attribute("aria-invalid", "true")
    expect(value_field(panel).first).not_to_have_attribute("aria-invalid", "true")
    value_field(second).fill("{{ $json.name.isEmpty() }}")
    expect(second.get_by_text("A method that is called here does not exist")).to_have_count(0)
    panel.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("img", name="Changed since the last run").first).to_be_visible()
    panel = panel_of(page, "Greet")
    second = panel.get_by_role("group", name="Entry 2")
    expect(value_field(second)).to_contain_text("isEmpty")
    expect(second.get_by_text("A method that is called here does not exist")).to_have_count(0)


def test_results_follow_the_chosen_round_of_a_loop(page: Page) -> None:
    def node(id_: str, type_: str, label: str, x: int, **data: Any) -> dict[str, Any]:
        return {"id": id_, "type": type_, "position": {"x": x, "y": 0}, "data": {"label": label, **data}}

    numbered = [{"name": "label", "value": "={{ 'Number ' + $json.n }}"}]
    nodes = [
        node("1", "manual-trigger", "Go", 0, pinned=[{"n": n} for n in range(3)]),
        node("2", "loop-over-items", "Each", 320, properties={"batch_size": 1}),
        node("3", "edit-fields", "Name", 640, properties={"mode": "manual", "fields": numbered}),
    ]
    edges = [
        {"source": "1", "target": "2"},
        {"source": "2", "target": "3", "sourceHandle": "loop"},
        {"source": "3", "target": "2"},
    ]
    store(page, {"name": "Rounds", "nodes": nodes, "edges": edges})
    page.get_by_role("button", name="Execute workflow").click()
    expect(page.get_by_role("region", name="Run log").get_by_role("status")).to_contain_text("Succeeded")
    panel = panel_of(page, "Name")
    value_field(panel).click()
    result = panel.get_by_role("status", name="Result")
    expect(result).to_have_text("Number 2")
    panel.get_by_role("region", name="Output", exact=True).get_by_label("Which run").select_option("Run 1")
    value_field(panel).click()
    expect(result).to_have_text("Number 0")


def test_entries_move_and_fields_come_and_go(page: Page) -> None:
    id_ = store(page, workflow(fields=[{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]))
    panel = panel_of(page, "Greet")
    panel.get_by_role("button", name="Move entry 2 of Fields up").click()
    panel.get_by_role("button", name="Duplicate entry 1 of Fields").click()
    panel.get_by_role("button", name="Remove entry 3 of Fields").click()
    expect(panel.get_by_role("group", name=re.compile("^Entry"))).to_have_count(2)
    expect(panel.get_by_role("textbox", name="Name").nth(1)).to_have_value("b")
    expect(page.get_by_role("status").filter(has_text=re.compile("^Saved$"))).to_be_visible()
    assert [field["name"] for field in fields_in(page, id_)] == ["b", "b"]
    panel.get_by_label("Mode", exact=True).select_option("JSON")
    expect(panel.get_by_role("group", name="Fields")).to_have_count(0)
    expect(panel.get_by_role("textbox", name="JSON")).to_be_visible()
    panel.get_by_label("Mode", exact=True).hover()
    panel.get_by_role("button", name="More about Mode").click()
    page.get_by_role("menuitem", name="Back to the default").click()
    expect(panel.get_by_role("group", name="Fields")).to_be_visible()
