"""States without a server or a browser."""

from __future__ import annotations

import importlib
import pkgutil
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.istate.data import RouterData
from reflex.state import BaseState, State

import flowstudio.pages
from flowstudio import runtime
from flowstudio.services.callers import Caller
from flowstudio.storage.records import Role

for module in pkgutil.iter_modules(flowstudio.pages.__path__, "flowstudio.pages."):
    importlib.import_module(module.name)


class Accounts:
    """Knows the sessions that a test opens."""

    def __init__(self) -> None:
        self.sessions: dict[str, Caller] = {}
        self.needed = False

    async def identify_session_hash(self, hashed: str) -> Caller | None:
        return self.sessions.get(hashed)

    async def setup_needed(self) -> bool:
        return self.needed

    def open(self, role: Role) -> str:
        self.sessions[role] = Caller("user", f"{role}@example.com", role.title(), role, "session")
        return role


class Untouchable:
    """A service that nobody may reach without having been identified."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"'{name}' was reached by somebody who may not")


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def services(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The current runtime: nothing in it may be touched unless the test puts it there."""
    parts = SimpleNamespace(
        accounts=accounts, workflows=Untouchable(), executions=Untouchable(), views=Untouchable(), registry={}
    )
    monkeypatch.setattr(runtime, "_current", parts)
    return parts


@pytest.fixture
def tree() -> State:
    """The states of one browser tab."""
    make: Any = State  # the argument is internal to Reflex
    made: State = make(_reflex_internal_init=True)
    return made


def opened(tree: State, cls: type[BaseState], *, session: str = "", path: str = "/") -> Any:
    """A state of the tree, as an event from this session and page would find it."""
    data = {
        "headers": {"x-flowstudio-session": session, "origin": "http://studio"},
        "asPath": path,
        "pathname": path,
    }
    tree.router_data = data
    tree.router = RouterData.from_router_data(data)
    return tree.get_substate(cls.get_full_name().split("."))
