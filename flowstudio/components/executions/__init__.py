"""The list of executions: filters in the address, live, with actions on many at once."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class ExecutionList(BrowserComponent):
    """Filters, totals, table and actions. It reads the REST API; the caller's rights decide what it offers."""

    library = "$/flowstudio/executions/executions.jsx"
    tag = "ExecutionList"

    may_edit: rx.Var[bool]
    may_run: rx.Var[bool]


execution_list = ExecutionList.create
