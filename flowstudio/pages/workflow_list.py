"""What the list of workflows looks like."""

from __future__ import annotations

from typing import Any

import reflex as rx

from flowstudio.components.shell import ago, empty, head, icon_button, page
from flowstudio.components.templates import template_suggestions
from flowstudio.components.texts import text
from flowstudio.components.transfer import import_button, import_card
from flowstudio.components.workflows import name_dialog, refusal_dialog, tags_dialog, undo_toast
from flowstudio.pages.workflows import WorkflowsState

State = WorkflowsState
ORDERS = ("changed", "name", "ran", "created")


def workflows() -> rx.Component:
    """The page."""
    return page(
        rx.cond(State.deleted, _deleted_head(), _head()),
        rx.cond(State.begins & ~State.deleted & State.may_edit, _welcome()),
        _toolbar(),
        rx.cond(
            State.ready,
            rx.cond(State.rows.length() > 0, rx.cond(State.deleted, _deleted_table(), _table()), _nothing()),
            rx.el.div(class_name="fs-card fs-skeleton", aria_busy="true"),
        ),
        _dialogs(),
        current="workflows",
        name=State.person,
        role=State.role,
    )


def named(key: str, name: Any, **more: Any) -> Any:
    """A text with a name that only the browser knows."""
    before, after = text(key, **more).split("{name}")
    return before + name + after


def _button(icon: str, label: str, look: str = "", **props: Any) -> rx.Component:
    drawn = rx.icon(icon, size=16, aria_hidden="true")
    return rx.el.button(drawn, label, type="button", class_name=f"fs-button {look}".strip(), **props)


def _head() -> rx.Component:
    new = _button(
        "plus",
        text("workflows.new"),
        "fs-button-primary",
        on_click=State.ask_name,
        custom_attrs={"data-tour": "new"},
    )
    title, subtitle = text("workflows.title"), text("workflows.subtitle")
    return head(title, subtitle, import_button(may_edit=State.may_edit), rx.cond(State.may_edit, new))


def _deleted_head() -> rx.Component:
    back = _button("arrow_left", text("workflows.back_to_list"), on_click=State.show_deleted(False))
    return head(text("workflows.deleted_title"), text("workflows.deleted_subtitle"), back)


def _welcome() -> rx.Component:
    return rx.el.section(
        rx.el.h2(text("workflows.begin_title"), id="welcome"),
        rx.el.p(text("workflows.begin_text")),
        rx.el.div(
            rx.el.a(
                rx.icon("layout_template", size=22, aria_hidden="true"),
                rx.el.strong(text("workflows.start_template")),
                rx.el.span(text("workflows.start_template_text")),
                href="/templates",
                class_name="fs-start",
            ),
            rx.el.button(
                rx.icon("square_dashed_mouse_pointer", size=22, aria_hidden="true"),
                rx.el.strong(text("workflows.start_blank")),
                rx.el.span(text("workflows.start_blank_text")),
                type="button",
                class_name="fs-start",
                on_click=State.ask_name,
            ),
            import_card(may_edit=State.may_edit),
            class_name="fs-starts",
        ),
        rx.cond(
            State.rows.length() > 0,
            rx.el.h2(text("workflows.examples"), class_name="fs-welcome-rest"),
            template_suggestions(may_edit=State.may_edit),
        ),
        aria_labelledby="welcome",
        class_name="fs-welcome",
    )


def _toolbar() -> rx.Component:
    search = rx.el.label(
        rx.icon("search", size=16, aria_hidden="true"),
        rx.el.input(
            type="search",
            placeholder=text("workflows.search"),
            aria_label=text("workflows.search"),
            value=State.search,
            on_change=State.find,
        ),
        class_name="fs-search",
    )
    activity = _choice(
        "workflows.filter_active",
        {"": "workflows.all", "active": "workflows.only_active", "inactive": "workflows.only_inactive"},
        State.activity,
        State.choose_activity,
    )
    order = _choice(
        "workflows.order", {key: f"workflows.order_{key}" for key in ORDERS}, State.order, State.sort
    )
    ordinary = rx.fragment(
        activity,
        order,
        rx.el.span(class_name="fs-gap"),
        _button(
            "trash_2",
            text("workflows.recently_deleted"),
            "fs-button-plain",
            on_click=State.show_deleted(True),
        ),
    )
    chips = rx.el.div(
        rx.foreach(
            State.tags,
            lambda tag: rx.el.button(
                tag,
                type="button",
                aria_pressed=rx.cond(State.tag == tag, "true", "false"),
                class_name="fs-chip",
                on_click=State.choose_tag(tag),
            ),
        ),
        role="group",
        aria_label=text("workflows.tags_filter"),
        class_name="fs-chips fs-toolbar",
    )
    return rx.fragment(
        rx.el.div(search, rx.cond(State.deleted, rx.fragment(), ordinary), class_name="fs-toolbar"),
        rx.cond((State.tags.length() > 0) & ~State.deleted, chips),
    )


def _choice(label: str, options: dict[str, str], value: Any, choose: Any) -> rx.Component:
    return rx.el.select(
        *(rx.el.option(text(key), value=option) for option, key in options.items()),
        value=value,
        on_change=choose,
        aria_label=text(label),
        class_name="fs-input fs-input-small",
    )


def _columns(*keys: str) -> rx.Component:
    actions = rx.el.span(text("workflows.actions"), class_name="fs-visually-hidden")
    return rx.el.thead(
        rx.el.tr(
            *(rx.el.th(text(f"workflows.{key}"), scope="col") for key in keys), rx.el.th(actions, scope="col")
        )
    )


def _framed(columns: rx.Component, line: Any) -> rx.Component:
    table = rx.el.table(columns, rx.el.tbody(rx.foreach(State.rows, line)), class_name="fs-table")
    more = rx.el.button(text("app.more"), type="button", class_name="fs-button", on_click=State.load_more)
    return rx.el.div(
        rx.el.div(table, class_name="fs-card-scroll"),
        rx.cond(State.cursor != "", rx.el.div(more, class_name="fs-more")),
        class_name="fs-card",
    )


def _table() -> rx.Component:
    return _framed(_columns("name", "triggers", "last_run", "next_run", "changed", "active"), _line)


def _deleted_table() -> rx.Component:
    return _framed(_columns("name", "deleted_at"), _deleted_line)


def _tag(label: Any) -> rx.Component:
    return rx.el.span(label, class_name="fs-tag")


def _line(row: Any) -> rx.Component:
    state = rx.el.span(
        row.state_text,
        class_name=rx.match(
            row.state,
            ("published", "fs-state-tag fs-published"),
            ("draft", "fs-state-tag fs-draft"),
            "fs-state-tag fs-state-none",
        ),
    )
    title = rx.el.a(row.name, href=f"/workflows/{row.id}", class_name="fs-title")
    about = rx.el.div(state, rx.el.small(row.steps), rx.foreach(row.tags, _tag), class_name="fs-name-tags")
    last_run = rx.cond(
        row.run != "",
        rx.fragment(
            rx.el.a(
                row.status_text,
                href=f"/executions/{row.run}",
                aria_label=_last_run_label(row),
                class_name=f"fs-pill fs-pill-{row.status}",
            ),
            " ",
            rx.el.small(ago(at=row.ran)),
        ),
        rx.el.small(text("workflows.never")),
    )
    active = rx.el.input(
        type="checkbox",
        role="switch",
        class_name="fs-switch",
        checked=row.active,
        disabled=~State.may_edit,
        on_change=lambda checked: State.set_active(row.id, checked),
        aria_label=named("workflows.switch_active", row.name),
    )
    actions = rx.el.div(
        icon_button("tag", named("workflows.edit_tags", row.name), on_click=State.ask_tags(row.id)),
        icon_button("copy", named("workflows.duplicate", row.name), on_click=State.duplicate(row.id)),
        icon_button("trash_2", named("workflows.delete", row.name), on_click=State.delete(row.id)),
        class_name="fs-table-actions",
    )
    return rx.el.tr(
        rx.el.td(title, about),
        rx.el.td(rx.el.div(rx.foreach(row.triggers, _tag), class_name="fs-tags")),
        rx.el.td(last_run, class_name="fs-nowrap"),
        rx.el.td(rx.cond(row.due != "", rx.el.small(ago(at=row.due, ahead=True))), class_name="fs-nowrap"),
        rx.el.td(rx.el.small(ago(at=row.changed)), class_name="fs-nowrap"),
        rx.el.td(active),
        rx.el.td(rx.cond(State.may_edit, actions)),
        key=row.id,
    )


def _last_run_label(row: Any) -> Any:
    first, rest = text("workflows.open_run").split("{status}")
    middle, last = rest.split("{name}")
    return first + row.status_text + middle + row.name + last


def _deleted_line(row: Any) -> rx.Component:
    restore = rx.el.button(
        rx.icon("undo_2", size=15, aria_hidden="true"),
        text("workflows.restore_short"),
        type="button",
        aria_label=named("workflows.restore", row.name),
        class_name="fs-button fs-button-small",
        on_click=State.restore(row.id),
    )
    return rx.el.tr(
        rx.el.td(rx.el.span(row.name, class_name="fs-title"), rx.el.small(row.steps)),
        rx.el.td(rx.el.small(ago(at=row.deleted)), class_name="fs-nowrap"),
        rx.el.td(rx.el.div(rx.cond(State.may_edit, restore), class_name="fs-table-actions")),
        key=row.id,
    )


def _nothing() -> rx.Component:
    clear = rx.el.button(
        text("workflows.clear"), type="button", class_name="fs-button", on_click=State.show_all
    )
    found = rx.el.div(rx.el.p(text("workflows.none_found")), clear, class_name="fs-empty", role="status")
    deleted = empty("trash_2", text("workflows.nothing_deleted"), text("workflows.nothing_deleted_text"))
    for_viewers = empty("workflow", text("workflows.viewer_empty"), text("workflows.viewer_empty_text"))
    shown = rx.cond(State.filtered, found, rx.cond(State.deleted, deleted, for_viewers))
    begins = State.begins & State.may_edit & ~State.deleted & ~State.filtered
    return rx.cond(begins, rx.fragment(), rx.el.div(shown, class_name="fs-card"))


def _dialogs() -> rx.Component:
    return rx.fragment(
        name_dialog(open=State.naming, on_done=State.create, on_close=State.close),
        tags_dialog(
            open=State.tagged_id != "",
            name=State.tagged_name,
            tags=State.tagged,
            known=State.tags,
            on_done=State.set_tags,
            on_close=State.close,
        ),
        refusal_dialog(
            open=State.refused_id != "",
            name=State.refused_name,
            problems=State.refusal,
            href=f"/workflows/{State.refused_id}",
            on_close=State.close,
        ),
        undo_toast(turn=State.undo_turn, workflow=State.undo_id, name=State.undo_name, on_undo=State.restore),
    )
