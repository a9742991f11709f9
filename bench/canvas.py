"""The editor in a real browser: how fast a large workflow opens, moves and shows what happens, and what pages weigh.

python -m bench.canvas measures it alone.
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from bench import live
from bench.documents import Document, wide_graph
from bench.figures import Figure, show
from bench.server import OWNER, Server
from scripts import browser

NODES = 1000
ROW = 10
SIZE = {"width": 1440, "height": 900}
MOVES = 120
"""Steps of the mouse during one drag."""
LIVE_ROUNDS = 3
"""At most so many runs are watched from begin to end."""

WATCH = """
  window.drawnAt = null;
  const look = () => {
    if (document.querySelector(".fs-step")) window.drawnAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
"""Notes when the first card is drawn."""

FRAMES = """() => {
  window.frames_ = [];
  const tick = (now) => { window.frames_.push(now); window.ticking = requestAnimationFrame(tick); };
  window.ticking = requestAnimationFrame(tick);
}"""
FETCHED = """workflow => performance.getEntriesByType("resource")
  .filter((entry) => new URL(entry.name).pathname.replace(/\\/$/, "") === `/api/workflows/${workflow}`)[0].startTime"""


def placed_graph(size: int) -> Document:
    """A graph of so many nodes in rows, as somebody would have drawn it."""
    document = wide_graph(size)
    for i, node in enumerate(document["nodes"]):
        node["position"] = {"x": (i % ROW) * 336, "y": (i // ROW) * 128}
    return document


def weight(page: Page, address: str) -> float:
    """Kilobytes of gzipped scripts and styles that a page brings before anybody does something."""
    sizes: dict[str, int] = {}

    def add(response: Response) -> None:
        if response.ok and response.request.resource_type in {"script", "stylesheet"}:
            sizes[response.url] = len(gzip.compress(response.body()))

    page.on("response", add)
    page.goto(address, wait_until="networkidle")
    page.remove_listener("response", add)
    return sum(sizes.values()) / 1000


def opening(page: Page, workflow: str) -> float:
    """Milliseconds from asking for the workflow until its cards are drawn."""
    page.goto(f"/workflows/{workflow}")
    page.wait_for_function("() => window.drawnAt !== null")
    return float(page.evaluate("window.drawnAt")) - float(page.evaluate(FETCHED, workflow))


def dragging(page: Page) -> float:
    """Frames per second while a card is dragged to and fro."""
    boxes = [box for card in page.locator(".react-flow__node").all() if (box := card.bounding_box())]
    middle = (SIZE["width"] / 2, SIZE["height"] / 3)
    box = min(boxes, key=lambda one: abs(one["x"] - middle[0]) + abs(one["y"] - middle[1]))
    x, y = box["x"] + 80, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 8)
    page.evaluate(FRAMES)
    for step in range(MOVES):
        page.mouse.move(x + 20 + 3 * min(step, MOVES - step), y + 8 + step % 40)
    times: list[float] = page.evaluate(
        "() => { cancelAnimationFrame(window.ticking); return window.frames_; }"
    )
    page.mouse.up()
    return 1000 * (len(times) - 1) / (times[-1] - times[0])


def signed_in(chromium: Browser, server: Server) -> BrowserContext:
    """A window of the owner."""
    context = chromium.new_context(
        base_url=server.url, viewport={"width": SIZE["width"], "height": SIZE["height"]}
    )
    context.add_init_script(WATCH)
    context.add_init_script(live.WATCH)
    password = server.environment["FLOWSTUDIO_OWNER_PASSWORD"]
    answer = context.request.post("/api/login", data={"email": OWNER, "password": password})
    if not answer.ok:
        raise RuntimeError(f"Signing in failed: {answer.text()}")
    return context


def measure(server: Server, rounds: int) -> Iterator[Figure]:
    """Everything, on a server that runs."""
    with server.client() as client:
        made: dict[str, Any] = (
            client.post("/api/workflows/", json=placed_graph(NODES)).raise_for_status().json()
        )
        small: dict[str, Any] = client.post("/api/workflows/", json=placed_graph(3)).raise_for_status().json()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.provide(), args=["--no-sandbox", "--disable-gpu"]
        )
        stranger = chromium.new_page(base_url=server.url)
        yield Figure("login page, scripts and styles, gzip", weight(stranger, "/login"), "kB", "under 260")
        stranger.close()
        context = signed_in(chromium, server)
        page = context.new_page()
        yield Figure(
            "editor, scripts and styles, gzip", weight(page, f"/workflows/{small['id']}"), "kB", "under 400"
        )
        opening(page, made["id"])
        page.get_by_role("region", name="Workflow canvas").focus()
        page.keyboard.press("0")
        page.wait_for_function(
            "path => JSON.parse(localStorage['flowstudio.viewports'] ?? '{}')[path]?.zoom === 1",
            arg=f"/workflows/{made['id']}",
        )
        title = f"editor, {NODES:,} nodes"
        times = [opening(page, made["id"]) for _ in range(rounds)]
        yield Figure(f"{title}: opened where it was left", statistics.median(times), "ms", "under 1,000")
        page.wait_for_load_state("networkidle")
        rates = [dragging(page) for _ in range(rounds)]
        yield Figure(f"{title}: drag", statistics.median(rates), "fps", "over 50")
        with server.client() as client:
            yield from live.measure(page, client, min(rounds, LIVE_ROUNDS), dragging)
        chromium.close()


def main() -> None:
    """Measure the editor alone."""
    with tempfile.TemporaryDirectory(prefix="flowstudio-bench-") as folder:
        server = Server(Path(folder) / "data")
        server.data_dir.mkdir()
        server.start(timeout=180)
        time.sleep(1)
        try:
            show(measure(server, 3))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
