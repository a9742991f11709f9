"""Reflex's entry: the pages, and what lives as long as the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex_components_core.base.error_boundary import error_boundary

from flowstudio.components.shell import broken_page, connection_notice, notices
from flowstudio.components.texts import text
from flowstudio.config import Settings, load_settings
from flowstudio.pages.access import on_error
from flowstudio.pages.credentials import CredentialsState, credentials
from flowstudio.pages.editor import EditorState, editor
from flowstudio.pages.execution import ExecutionState, execution
from flowstudio.pages.executions import ExecutionsState, executions
from flowstudio.pages.help import HelpState, help_index, help_page
from flowstudio.pages.insights import InsightsState, insights
from flowstudio.pages.links import forgotten_password, join, new_password
from flowstudio.pages.login import login
from flowstudio.pages.missing import missing
from flowstudio.pages.settings import SettingsState, settings
from flowstudio.pages.setup import EntryState, setup
from flowstudio.pages.templates import TemplatesState, templates
from flowstudio.pages.workflow_list import workflows
from flowstudio.pages.workflows import WorkflowsState
from flowstudio.runtime import Runtime

NAME = text("app.name")


class Lifespan:
    """Starts and stops the runtime with the server. `settings` are those of the environment unless somebody sets them."""

    settings: Settings | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the first request's readiness to the last one's answer."""
        runtime = Runtime(self.settings or load_settings())
        await runtime.start()
        try:
            yield
        finally:
            await runtime.stop()


lifespan = Lifespan()
app = rx.App(
    stylesheets=["/flowstudio.css"],
    head_components=[rx.el.link(rel="icon", href="/logo.svg", type="image/svg+xml")],
    app_wraps={
        (55, "ErrorBoundary"): lambda _: error_boundary(fallback_render=broken_page()),
        (5, "Overlay"): lambda _: rx.fragment(connection_notice(), notices()),
    },
    html_lang="en",
    toaster=rx.toast.provider(position="bottom-right", rich_colors=True, close_button=True),
    backend_exception_handler=on_error,
)


def _add(page: Any, route: str, key: str, on_load: Any = None) -> None:
    app.add_page(
        page, route=route, title=f"{text(key)} · {NAME}", description=text("app.tagline"), on_load=on_load
    )


_add(workflows, "/", "workflows.title", WorkflowsState.load)
_add(editor, "/workflows/[workflow]", "workflows.title", EditorState.load)
_add(executions, "/executions", "executions.title", ExecutionsState.load)
_add(execution, "/executions/[execution]", "execution.title", ExecutionState.load)
_add(insights, "/insights", "insights.title", InsightsState.load)
_add(credentials, "/credentials", "credentials.title", CredentialsState.load)
_add(help_index, "/help", "help.title", HelpState.load)
_add(help_page, "/help/[node]", "help.title", HelpState.load_type)
_add(settings, "/settings", "settings.title", SettingsState.load)
_add(templates, "/templates", "templates.title", TemplatesState.load)
_add(login, "/login", "login.title", EntryState.arrive_at_login)
_add(setup, "/setup", "setup.title", EntryState.arrive_at_setup)
_add(join, "/join", "links.join_title")
_add(forgotten_password, "/forgotten-password", "links.forgotten_title")
_add(new_password, "/new-password", "links.new_title")
app.add_page(missing, route="404", title=f"{text('missing.title')} · {NAME}")
app.register_lifespan_task(lifespan.running)
