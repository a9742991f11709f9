"""The real product, built and started, and a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from flowstudio import frontend
from scripts.studio import Server

OWNER = ("owner@example.com", "correct horse battery")
SECONDS = 20
POLICY = "Content Security Policy"
"""Stands in what a browser says when a page wants what it may not."""


@pytest.fixture(scope="session")
def built() -> None:
    """The front end fits the sources."""
    frontend.build()


@pytest.fixture(scope="session")
def server(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an owner."""
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER[0], "FLOWSTUDIO_OWNER_PASSWORD": OWNER[1]}
    with Server(tmp_path_factory.mktemp("data"), **owner) as started:
        yield started


@pytest.fixture(scope="session")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens windows of people who share nothing; fails the test when a page threw an error.

    These people want little motion, so that no click waits for a transition; the stories are told with all of it.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    expect.set_options(timeout=SECONDS * 1000)

    def open_window(url: str, reduced_motion: str = "reduce", **options: object) -> Page:
        options["reduced_motion"] = reduced_motion
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, **options)  # type: ignore[arg-type]  # passes Playwright's own options on
        context.set_default_timeout(SECONDS * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if POLICY in said.text else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert errors == []


def enter(page: Page, email: str = OWNER[0], password: str = OWNER[1]) -> None:
    """Get a session the way the form does. No page is opened, but a picture of the server's: loading a page takes a second."""
    answer = page.request.post("/api/login", data={"email": email, "password": password})
    assert answer.ok, answer.text()
    page.goto("/logo.svg")


def sign_in(page: Page, email: str = OWNER[0], password: str = OWNER[1]) -> None:
    """The same, and open the list."""
    enter(page, email, password)
    page.goto("/")


def until(condition: Callable[[], object]) -> None:
    """Wait for something that no page tells."""
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.01)


def in_clipboard(page: Page, text: str) -> None:
    """The clipboard holds a text: what is copied arrives there a little after the click."""
    page.wait_for_function("async (text) => (await navigator.clipboard.readText()) === text", arg=text)


@pytest.fixture
def page(server: Server, new_page: NewPage) -> Page:
    """The owner's window, in which no page is opened yet."""
    opened = new_page(server.url)
    enter(opened)
    return opened
