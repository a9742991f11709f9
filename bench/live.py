"""The editor while a large workflow runs: how soon a card shows what happened, and whether the page stays responsive."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from playwright.sync_api import Locator, Page

from bench.documents import Document, slow_chain
from bench.figures import Figure, percentile

NODES = 1000
COLUMN = 250
"""Nodes below each other; the columns stand side by side, so that what is in sight belongs to all parts of the run."""
VIEW = {"x": 24, "y": 24, "zoom": 1}
RUN_LIMIT = 120_000
"""Milliseconds that a run may take."""
KEYS = 40
SCROLLS = 20

WATCH = """
  const now = () => performance.timeOrigin + performance.now();
  const live = window.live = {told: {}, shown: [], tasks: [], keys: []};
  const Plain = EventSource;
  window.EventSource = class extends Plain {
    addEventListener(name, listener, ...rest) {
      const noting = (event) => {
        for (const run of JSON.parse(event.data).runs ?? []) {
          if (run.status === "started") live.told[`${run.node}/running`] = Date.parse(run.started_at);
          else live.told[`${run.node}/${run.status}`] = Date.parse(run.finished_at);
        }
        listener(event);
      };
      super.addEventListener(name, name === "node" ? noting : listener, ...rest);
    }
  };
  new MutationObserver((changes) => {
    const found = changes.filter(({target}) => target.matches(".fs-step"))
      .map(({target}) => `${target.closest(".react-flow__node").dataset.id}/${target.dataset.status}`);
    if (!found.length) return;
    const dom = now();
    requestAnimationFrame(() => setTimeout(() => live.shown.push(...found.map((name) => [name, dom, now()]))));
  }).observe(document, {subtree: true, attributes: true, attributeFilter: ["data-status"]});
  new PerformanceObserver((list) => live.tasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({type: "longtask"});
  new PerformanceObserver((list) => live.keys.push(
    ...list.getEntries().filter(({name}) => name === "keydown").map((key) => key.duration))
  ).observe({type: "event", durationThreshold: 16});
"""
"""Notes when the server saw a node change, when its card said so and when that was painted; long tasks; slow keys."""

FORGET = "() => Object.assign(window.live, {told: {}, shown: [], tasks: [], keys: []})"
DELAYS = """() => window.live.shown.filter(([name]) => name in window.live.told)
  .map(([name, dom, seen]) => [dom - window.live.told[name], seen - window.live.told[name]])"""


def columns(size: int) -> Document:
    """A chain of nodes that take some milliseconds each, drawn in columns."""
    document = slow_chain(size)
    for i, node in enumerate(document["nodes"]):
        node["position"] = {"x": (i // COLUMN) * 336, "y": (i % COLUMN) * 128}
    return document


class Editor:
    """The page of a workflow, as somebody uses it while it runs."""

    def __init__(self, page: Page, workflow: str) -> None:
        self.page = page
        self.log: Locator = page.get_by_role("region", name="Run log")
        page.goto("/workflows")
        page.evaluate(
            "([path, view]) => localStorage.setItem('flowstudio.viewports', JSON.stringify({[path]: view}))",
            [f"/workflows/{workflow}", VIEW],
        )
        page.goto(f"/workflows/{workflow}")
        page.locator(".fs-step").first.wait_for()
        page.wait_for_load_state("networkidle")

    def started(self) -> None:
        """Start the workflow, and forget what was noted so far."""
        self.page.evaluate(FORGET)
        self.page.get_by_role("button", name="Execute workflow").click()
        self.page.get_by_role(
            "button", name="Stop", exact=True
        ).wait_for()  # until then the last run is shown
        self.log.get_by_role("row").nth(3).wait_for()

    @property
    def running(self) -> bool:
        """Whether the run goes on."""
        return self.log.get_by_role("status").inner_text() in {"Running", "Queued"}

    def ended(self) -> None:
        """Wait until the run is over."""
        self.log.get_by_role("status").filter(has_text="Succeeded").wait_for(timeout=RUN_LIMIT)
        self.page.wait_for_load_state("networkidle")

    def during(self, act: Callable[[], Any]) -> tuple[Any, list[float]]:
        """Do something while the workflow runs: what it gave, and the long tasks of the page meanwhile."""
        self.started()
        self.page.evaluate("() => { window.live.tasks = []; window.live.keys = []; }")
        answer = act()
        if not self.running:
            raise RuntimeError("The run was over before the measure was.")
        tasks: list[float] = self.page.evaluate("window.live.tasks")
        self.page.get_by_role("button", name="Stop").click()
        self.log.get_by_role("status").filter(has_text="Cancelled").wait_for(timeout=RUN_LIMIT)
        return answer, tasks

    def scroll(self) -> None:
        """Through the run log."""
        box = self.log.get_by_role("treegrid").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 100, box["y"] + box["height"] / 2)
        for turn in range(SCROLLS):
            self.page.mouse.wheel(0, 240 if turn % 4 < 3 else -480)
            self.page.wait_for_timeout(50)

    def write(self) -> float:
        """Type into a field of an open step; the 95th percentile from a key to the frame that shows it, in ms."""
        self.page.locator(".fs-step").nth(2).dblclick()
        panel = self.page.get_by_role("dialog")
        panel.get_by_role("tab", name="Settings").click()
        panel.get_by_label("Notes", exact=True).press_sequentially("x" * KEYS, delay=60)
        slow: list[float] = self.page.evaluate("window.live.keys")
        self.page.keyboard.press("Escape")
        panel.wait_for(state="detached")
        return percentile([16.0] * (KEYS - len(slow)) + slow, 0.95)


def edits(client: httpx.Client, workflow: str, rounds: int) -> list[float]:
    """Milliseconds of one edit over HTTP, each."""
    times = []
    for number in range(rounds):
        operation = {"kind": "set", "node": "n7", "path": ["notes"], "value": f"Note {number}"}
        body = {
            "client": "bench",
            "batches": [{"id": f"bench-{workflow}-{number}", "operations": [operation]}],
        }
        begin = time.perf_counter()
        client.post(f"/api/workflows/{workflow}/operations/", json=body).raise_for_status()
        times.append((time.perf_counter() - begin) * 1000)
    return times


def measure(
    page: Page, client: httpx.Client, rounds: int, dragging: Callable[[Page], float]
) -> Iterator[Figure]:
    """Everything about a run that is watched. `page` was given `WATCH`."""
    made: dict[str, Any] = client.post("/api/workflows/", json=columns(NODES)).raise_for_status().json()
    title = f"live run, {NODES:,} nodes"
    yield Figure(
        f"edit of {NODES:,} nodes over HTTP",
        statistics.median(edits(client, made["id"], 40)),
        "ms",
        "under 25",
    )
    editor = Editor(page, made["id"])
    delays: list[tuple[float, float]] = []
    tasks: list[float] = []
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        editor.started()
        editor.ended()
        times.append(time.perf_counter() - begin)
        delays += page.evaluate(DELAYS)
        tasks += page.evaluate("window.live.tasks")
    yield Figure(f"{title}: to its end on screen", statistics.median(times), "s", "")
    for place, name in enumerate(("in the page", "painted")):
        each = [delay[place] for delay in delays]
        yield Figure(
            f"{title}: status {name}, median", statistics.median(each), "ms", f"under 50; {len(each)} events"
        )
        yield Figure(f"{title}: status {name}, p95", percentile(each, 0.95), "ms", "")
    yield Figure(
        f"{title}: longest task, watching", max(tasks, default=0.0), "ms", "under 100; 0: none over 50"
    )
    rate, tasks = editor.during(lambda: dragging(page))
    yield Figure(f"{title}: drag", rate, "fps", "over 50")
    yield Figure(f"{title}: longest task, dragging", max(tasks, default=0.0), "ms", "under 100")
    _, tasks = editor.during(editor.scroll)
    yield Figure(f"{title}: longest task, scrolling the log", max(tasks, default=0.0), "ms", "under 100")
    slowest, tasks = editor.during(editor.write)
    yield Figure(f"{title}: key to screen in a panel, p95", slowest, "ms", "under 50; 16: at once")
    yield Figure(f"{title}: longest task, typing", max(tasks, default=0.0), "ms", "under 100")
