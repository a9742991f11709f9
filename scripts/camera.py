"""A window of the studio that can be photographed, and what its scenes do again and again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect


class Camera:
    """One window in one theme; `shoot` saves what it shows."""

    def __init__(self, page: Page, theme: str, folder: Path) -> None:
        self.page = page
        self.theme = theme
        self.folder = folder
        self.taken: set[Path] = set()

    def shoot(self, name: str, *, focused: bool = False) -> None:
        """Save what the window shows; unless `focused`, without the traces of pointer and keyboard."""
        page = self.page
        if not focused:
            page.mouse.move(0, 0)
            page.evaluate("document.activeElement?.blur()")
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        path = self.folder / f"{name}-{self.theme}.png"
        page.screenshot(path=path, animations="disabled")
        self.taken.add(path)
        print(f"  {path.name}", flush=True)

    def go(self, path: str, shown: Locator) -> None:
        """Open a page and wait for what makes it whole."""
        self.page.goto(path)
        expect(shown.first).to_be_visible()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button by its whole name, or by a pattern."""
        return self.page.get_by_role("button", name=name, exact=True)

    def dialog(self, name: str | re.Pattern[str]) -> Locator:
        """An open dialog."""
        found = self.page.get_by_role("dialog", name=name)
        expect(found).to_be_visible()
        return found

    def card(self, name: str) -> Locator:
        """A step on the canvas."""
        return self.page.get_by_role("group", name=name, exact=True)

    def close(self) -> None:
        """Close the dialog on top with the keyboard."""
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def call(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """Ask the API as the person in the window; gives its answer."""
        origin = re.sub(r"^(\w+://[^/]+).*$", r"\1", self.page.url)
        answer = self.page.request.fetch(f"/api/{path}", method=method, data=body, headers={"Origin": origin})
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.text()}")
        return answer.json() if answer.status != 204 else None

    def open(self, workflow: str, step: str) -> None:
        """Open a workflow in the editor, the whole drawing in view."""
        self.go(f"/workflows/{workflow}", self.card(step))
        self.fit()

    def fit(self) -> None:
        """Show the whole drawing, and wait until the view stands still."""
        self.page.get_by_role("button", name=re.compile("^Fit to screen")).click()
        self.page.wait_for_function(
            """() => { const view = document.querySelector(".react-flow__viewport").style.transform;
            const still = window.seenView === view; window.seenView = view; return still; }""",
            polling=200,
        )

    def run(self, ending: str = "Succeeded") -> None:
        """Execute the workflow that is open, to its end."""
        self.button("Execute workflow").click()
        status = self.page.get_by_role("region", name="Run log").get_by_role("status")
        expect(status).to_contain_text(f"{ending} after")

    def step(self, name: str) -> Locator:
        """Open a step by a double click; gives its panel."""
        self.card(name).dblclick()
        return self.dialog(f"Step details: {name}")

    def menu(self, item: str) -> None:
        """Choose from the menu of the workflow."""
        self.button("Workflow menu").click()
        self.page.get_by_role("menuitem", name=item).click()
