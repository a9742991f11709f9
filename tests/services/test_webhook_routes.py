"""Which webhook a request is for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstudio.services.webhook_routes import Match, Route, Routes

HELLO = Route("GET", "hello", "w1", "n1")
HELLO_POST = Route("POST", "/hello/", "w2", "n2")
ORDER = Route("GET", "orders/:id", "w3", "n3")
NEWEST = Route("GET", "orders/newest", "w4", "n4")
LINE = Route("GET", "orders/:id/lines/:line", "w5", "n5")
ANYTHING = Route("GET", ":a/:b", "w6", "n6")
ROUTES = Routes([HELLO, HELLO_POST, ORDER, NEWEST, LINE, ANYTHING])


@pytest.mark.parametrize(
    ("method", "path", "match"),
    [
        ("GET", "hello", Match(HELLO)),
        ("GET", "//hello/", Match(HELLO)),
        ("POST", "hello", Match(HELLO_POST)),
        ("PUT", "hello", None),
        ("GET", "orders/newest", Match(NEWEST)),
        ("GET", "orders/a b", Match(ORDER, {"id": "a b"})),
        ("GET", "orders/a%20b", Match(ORDER, {"id": "a%20b"})),
        ("GET", "orders/7/lines/2", Match(LINE, {"id": "7", "line": "2"})),
        ("GET", "invoices/7", Match(ANYTHING, {"a": "invoices", "b": "7"})),
        ("GET", "orders", None),
        ("GET", "", None),
    ],
)
def test_a_request_finds_the_most_exact_route(method: str, path: str, match: Match | None) -> None:
    assert ROUTES.find(method, path) == match


def test_a_path_tells_its_methods() -> None:
    assert ROUTES.methods("hello") == ["GET", "POST"]
    assert ROUTES.methods("orders/7") == ["GET"]
    assert ROUTES.methods("nowhere") == []


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        (":1st/:2nd", {"1st": "a", "2nd": "b"}),
        (":same/:same", {"same": "b"}),
        (":/:", {"": "b"}),
        (":größe/:order-id", {"größe": "a", "order-id": "b"}),
        (":a(/:b)+", {"a(": "a", "b)+": "b"}),
    ],
)
def test_parameters_may_have_any_name(path: str, parameters: dict[str, str]) -> None:
    match = Routes([Route("GET", path, "w", "n")]).find("GET", "a/b")
    assert match is not None
    assert match.parameters == parameters


def test_a_path_with_a_colon_inside_is_plain_there() -> None:
    routes = Routes([Route("GET", "a:b", "w", "n")])
    assert routes.find("GET", "a:b") is not None
    assert routes.find("GET", "axb") is None


def looks_like(path: str) -> re.Pattern[str]:
    return re.compile("/".join("[^/]+" if part[0] == ":" else re.escape(part) for part in path.split("/")))


PARTS = st.sampled_from(["a", "b", "a.c", ":x", ":y"])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(st.lists(PATHS, max_size=12, unique=True), st.lists(st.sampled_from("ab"), max_size=4).map("/".join))
def test_a_route_is_found_if_and_only_if_one_looks_like_the_path(paths: list[str], asked: str) -> None:
    match = Routes([Route("GET", path, path, "n") for path in paths]).find("GET", asked)
    fitting = [path for path in paths if looks_like(path).fullmatch(asked)]
    assert (match is not None) == bool(fitting)
    if match is not None:
        assert match.route.path in fitting
        assert match.route.path.count(":") == min(path.count(":") for path in fitting)
        for name, part in match.parameters.items():
            assert (f":{name}", part) in zip(match.route.path.split("/"), asked.split("/"), strict=True)
