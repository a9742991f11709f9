from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema
import pytest

from flowstudio.api.app import Branch, create_api
from flowstudio.engine.workflow import WorkflowDocument
from tests.api.test_policy import POLICY

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def description(nobody: httpx.Client) -> dict[str, Any]:
    answer = nobody.get("/api/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    described: dict[str, Any] = answer.json()
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_every_operation_of_the_api_is_described(description: dict[str, Any]) -> None:
    [branch] = [route for route in create_api().routes if isinstance(route, Branch)]
    served = {
        f"{method} {operation.path}"
        for operation in branch.operations
        for method in operation.methods or ()
        if operation.include_in_schema
    }
    assert {name for name, _ in operations(description)} == served
    assert all(not operation.include_in_schema for operation in branch.operations if "docs" in operation.path)


def test_every_operation_is_explained(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
        assert operation["tags"], name
        for parameter in operation.get("parameters", ()):
            assert parameter["schema"], name
        good = [status for status in operation["responses"] if status < "400"]
        assert good, name
        for status in good:
            if status != "204":
                assert operation["responses"][status]["content"], name


def test_every_operation_says_who_may_call_it_and_how_it_refuses(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    assert schemes["apiKey"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    assert description["security"] == [{"apiKey": []}, {"session": []}]
    for name, operation in operations(description):
        public = POLICY[name] == "public"
        assert operation["x-permission"] == POLICY[name]
        assert (operation.get("security") == []) is public, name
        if not public:
            assert "401" in operation["responses"], name
        if POLICY[name] not in ("public", "read"):
            assert "403" in operation["responses"], name
        if "{id}" in name:
            assert "404" in operation["responses"], name
        if "requestBody" in operation:
            assert {"400", "413"} <= operation["responses"].keys(), name


def test_operations_have_names_of_their_own(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(description)]
    assert len(names) == len(set(names))
    assert "revoke_key" in names


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', httpx.Response(200, json=description).text))
    assert named <= schemas.keys()
    assert {name for name in schemas if "ValidationError" in name} == set()
    assert schemas["WorkflowDocument"]["properties"].keys() == WorkflowDocument.model_fields.keys()


def test_examples_fit_their_schemas(description: dict[str, Any]) -> None:
    """The examples of request bodies."""
    checked = 0
    for name, operation in operations(description):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            schema = {**content["schema"], "components": description["components"]}
            jsonschema.validate(example["value"], schema)
            checked += 1
            assert name
    assert checked >= 3


def test_the_page_loads_nothing_from_elsewhere(nobody: httpx.Client) -> None:
    page = nobody.get("/api/docs/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "/api/docs/swagger-ui-bundle.js" in loaded
    for address in loaded:
        assert address.startswith(("/api/", "data:"))
        if address.startswith("/api/docs/"):
            file = nobody.get(address)
            assert file.status_code == 200
            assert file.headers["content-type"].split(";")[0] in ("text/css", "text/javascript")
            assert len(file.content) > 50
    assert nobody.get("/api/docs/other.js").status_code == 404
    assert nobody.get("/api/docs/..%2fapp.py").status_code == 404
