"""Every event handler can be called by any client, so every one refuses callers that it does not know."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.state import BaseState, State
from reflex_base.registry import RegistrationContext

from flowstudio.errors import Forbidden, NotFound, Unauthorized
from flowstudio.flowstudio import app
from flowstudio.pages.access import on_error
from flowstudio.pages.editor import EditorState
from flowstudio.pages.setup import EntryState
from flowstudio.pages.workflows import WorkflowsState
from flowstudio.services.callers import PERMISSIONS
from flowstudio.storage.records import Role
from tests.pages.conftest import Accounts, opened

FOR_ANYBODY = {EntryState}
"""Says only whether the owner exists, which the sign-in page shows anyway."""

HANDLERS = sorted(
    (
        (registered.states[-1], name.rsplit(".", 1)[1], registered.handler.fn)
        for name, registered in RegistrationContext.ensure_context().event_handlers.items()
        if registered.states and registered.states[-1].__module__.startswith("flowstudio.")
    ),
    key=lambda entry: (entry[0].__name__, entry[1]),
)
HANDLERS = [entry for entry in HANDLERS if entry[1] != "setvar"]  # Reflex's own; see the test about it
GUARDED = [entry for entry in HANDLERS if entry[0] not in FOR_ANYBODY]
CHANGING = {"ask_name", "create", "duplicate", "set_active", "ask_tags", "set_tags", "delete", "restore"}


def label(entry: Any) -> str:
    return f"{entry[0].__name__}.{entry[1]}" if isinstance(entry, tuple) else ""


async def call(state: BaseState, handler: Any) -> Any:
    """Call a handler with as many arguments as it wants."""
    wanted = list(inspect.signature(handler).parameters.values())[1:]
    return await handler(state, *("x" for parameter in wanted if parameter.default is parameter.empty))


def test_the_walk_finds_the_handlers_of_every_page() -> None:
    pages = {entry[0].__module__.rsplit(".", 1)[1] for entry in HANDLERS}
    expected = "workflows editor executions execution setup credentials help settings".split()
    assert pages >= set(expected)
    assert len(GUARDED) > 10


@pytest.mark.parametrize("var", ["may_edit", "rows", "tagged_id"])
def test_clients_cannot_set_the_vars_of_a_state(var: str, tree: State) -> None:
    with pytest.raises(AttributeError):
        opened(tree, WorkflowsState).setvar(var, "x")


def test_no_helper_is_a_handler_by_accident() -> None:
    undocumented = [label(entry) for entry in HANDLERS if not (entry[2].__doc__ or "").strip()]
    assert undocumented == []


@pytest.mark.parametrize("entry", GUARDED, ids=label)
@pytest.mark.parametrize("session", ["", "forged"])
async def test_nobody_gets_past_a_handler_without_a_session(
    entry: Any, session: str, tree: State, services: SimpleNamespace
) -> None:
    cls, _, handler = entry
    with pytest.raises(Unauthorized):
        await call(opened(tree, cls, session=session), handler)


@pytest.mark.parametrize("role", PERMISSIONS)
async def test_every_handler_lets_in_the_roles_of_the_table(
    role: Role, tree: State, services: SimpleNamespace, accounts: Accounts
) -> None:
    """Behind the check every service is out of reach, so whoever gets past it ends in another failure than a refusal."""
    wrong = []
    for entry in GUARDED:
        cls, name, handler = entry
        permission = "edit" if name in CHANGING else "read"
        try:
            await call(opened(tree, cls, session=accounts.open(role), path="/workflows/abc"), handler)
        except Forbidden:
            let_in = False
        except Exception:
            let_in = True
        else:
            let_in = True
        if let_in is not (permission in PERMISSIONS[role]):
            wrong.append((label(entry), permission))
    assert wrong == []


def test_every_page_asks_who_comes_unless_it_is_for_strangers() -> None:
    open_to_all = {"login", "setup", "join", "forgotten-password", "new-password", "404"}
    guarded = {label((cls, name, None)) for cls, name, _ in GUARDED}
    pages = app._unevaluated_pages
    assert open_to_all < set(pages)
    for route, page in pages.items():
        loads: Any = page.on_load
        events = loads if isinstance(loads, list) else [loads]
        names = {event.fn.__qualname__ for event in events if hasattr(event, "fn")}
        assert names <= {f"EntryState.arrive_at_{route}"} if route in open_to_all else names & guarded, route


def test_every_changing_handler_is_known_to_this_test() -> None:
    assert {entry[1] for entry in HANDLERS if entry[0] is WorkflowsState} - CHANGING == {
        "load",
        "find",
        "choose_tag",
        "choose_activity",
        "sort",
        "show_all",
        "show_deleted",
        "load_more",
        "close",
    }


async def test_the_editor_tells_a_viewer_to_look_only(
    tree: State, services: SimpleNamespace, accounts: Accounts
) -> None:
    state = opened(tree, EditorState, session=accounts.open("viewer"), path="/workflows/abc")
    await EditorState.load.fn(state)
    assert (state.may_edit, state.may_run, state.may_admin, state.role) == (False, False, False, "viewer")


@pytest.mark.parametrize("needed", [True, False])
async def test_people_are_sent_to_where_they_can_get_in(
    needed: bool, tree: State, services: SimpleNamespace, accounts: Accounts
) -> None:
    accounts.needed = needed
    state = opened(tree, EntryState)
    at_login = await EntryState.arrive_at_login.fn(state)
    at_setup = await EntryState.arrive_at_setup.fn(state)
    assert ("/setup" in str(at_login)) is needed
    assert ("/login" in str(at_setup)) is not needed


def test_an_unknown_caller_is_sent_to_sign_in() -> None:
    assert "/login" in str(on_error(Unauthorized("x")))


def test_a_refusal_is_shown_in_its_own_words() -> None:
    assert "There is no workflow" in str(on_error(NotFound("There is no workflow 'a'.")))


def test_an_unexpected_failure_is_logged_and_tells_no_detail(caplog: pytest.LogCaptureFixture) -> None:
    shown = str(on_error(ValueError("secret path")))
    assert "secret path" not in shown
    assert caplog.records[0].exc_info is not None
