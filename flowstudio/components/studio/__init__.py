"""The studio: canvas, step panel and run log of one workflow or one execution.

Everything that moves lives in the browser: the document is fetched and saved over HTTP, the status of a run comes as
server-sent events. Reflex's state only says which workflow is shown and what the caller may do.
"""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent

LIBRARIES = [
    "@xyflow/react@12.12.1",
    "@dagrejs/dagre@3.1.3",
    "lucide-react@1.26.0",
    "sonner@2.0.8",
    "marked@18.2.1",
    "preact@11.2.0",  # draws the page of public chats
    "@uiw/react-codemirror@4.25.12",
    "@codemirror/lang-python@6.2.1",
    "@codemirror/lang-javascript@6.2.5",
    "@codemirror/lang-json@6.0.2",
    "@codemirror/autocomplete@6.20.4",
    "@codemirror/commands@6.11.1",
    "@codemirror/state@6.7.6",
    "@codemirror/view@6.43.15",
]


class Studio(BrowserComponent):
    """The editor of `workflow_id`, or the read-only view of `execution_id`."""

    library = "$/flowstudio/studio/studio.jsx"
    tag = "Studio"
    lib_dependencies: list[str] = LIBRARIES

    workflow_id: rx.Var[str]
    execution_id: rx.Var[str]
    may_edit: rx.Var[bool]
    may_run: rx.Var[bool]
    may_admin: rx.Var[bool]


studio = Studio.create
