"""Takes the pictures of the documentation, in light and dark, from the real product.

python -m scripts.screenshots
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from flowstudio import frontend
from scripts import browser
from scripts.studio import Server

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
OWNER = {"email": "ada@example.com", "password": "correct horse battery"}
SIZE = {"width": 1440, "height": 900}
THEMES = ("light", "dark")


@contextmanager
def window(chromium: Browser, url: str, theme: str) -> Iterator[Page]:
    """A window that has chosen its theme, sharp enough for dense screens."""
    context = chromium.new_context(
        base_url=url,
        viewport={"width": SIZE["width"], "height": SIZE["height"]},
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    yield context.new_page()
    context.close()


def shoot(page: Page, name: str, theme: str) -> None:
    """Save what the window shows, without the pointer's traces."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=IMAGES / f"{name}-{theme}.png", animations="disabled")
    print(f"  {name}-{theme}.png")


def tour(page: Page, theme: str) -> None:
    """Sign in, run the order triage, look around."""
    page.request.post("/api/login", data=OWNER)

    page.goto("/workflows/example-order-triage")
    page.get_by_role("button", name="Execute workflow").click()
    page.get_by_role("status").filter(has_text="Succeeded after").wait_for()
    page.get_by_role("button", name="Fit to screen (1)").click()
    page.wait_for_function(
        "new Promise(done => setTimeout(() => done(true), 400))"
    )  # the zoom's own animation
    shoot(page, "editor", theme)
    page.get_by_role("group", name="Paid orders", exact=True).dblclick()
    page.get_by_role("complementary").get_by_role("cell").first.wait_for()
    shoot(page, "items", theme)
    page.get_by_role("tab", name="Parameters").click()
    shoot(page, "parameters", theme)
    page.get_by_role("group", name="Europe", exact=True).dblclick()
    page.get_by_role("tab", name="Parameters").click()
    page.locator(".cm-content").wait_for()
    shoot(page, "code", theme)
    page.get_by_role("complementary").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Add step").click()
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    shoot(page, "palette", theme)

    page.goto("/")
    page.get_by_role("link", name="Order triage", exact=True).wait_for()
    page.locator("time").first.wait_for()
    shoot(page, "workflows", theme)
    page.goto("/executions")
    page.get_by_role("link", name="Open execution of Order triage").first.wait_for()
    page.locator("time").first.wait_for()
    shoot(page, "executions", theme)


def main() -> None:
    """Build, start, take all pictures."""
    frontend.build()
    IMAGES.mkdir(parents=True, exist_ok=True)
    owner = {
        "FLOWSTUDIO_OWNER_EMAIL": OWNER["email"],
        "FLOWSTUDIO_OWNER_PASSWORD": OWNER["password"],
    }
    with (
        tempfile.TemporaryDirectory() as data,
        Server(Path(data), **owner) as server,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(
            executable_path=browser.provide(), args=["--no-sandbox", "--disable-gpu"]
        )
        for theme in THEMES:
            with window(chromium, server.url, theme) as page:
                tour(page, theme)
        chromium.close()


if __name__ == "__main__":
    main()
