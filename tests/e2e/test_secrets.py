"""Nothing that reaches a browser holds a secret: pages, answers, the socket's frames, and what the server logs meanwhile."""

from __future__ import annotations

import contextlib

from playwright.sync_api import Error, Page, Response, WebSocket, expect

from scripts.studio import Server
from tests.e2e.test_editor import origin
from tests.security.hostile import Mood, hostile_service
from tests.security.world import CORE, needles_of


def test_no_secret_reaches_the_browser(server: Server, page: Page) -> None:
    """A service repeats the secret in every form, well and badly answered, while somebody watches everywhere."""
    answers: list[Response] = []
    heard: list[bytes] = []
    read: list[str] = []
    frames: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        for event in ("framereceived", "framesent"):
            socket.on(
                event, lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode())
            )

    def take() -> None:
        """Note the page, and what the API answered for it; later its answers are gone."""
        heard.append(page.content().encode())
        for answer in answers:
            streamed = "event-stream" in answer.headers.get("content-type", "")
            if "/api/" in answer.url and not streamed and answer.status not in (204, 304):
                with contextlib.suppress(Error):  # of the page before
                    heard.append(answer.body())
                    read.append(answer.url)
        answers.clear()

    page.on("response", lambda answer: answers.append(answer))
    page.on("websocket", listen)
    page.on("console", lambda message: heard.append(message.text.encode()))
    headers = {"Origin": origin(page)}
    with hostile_service() as hostile:
        rules = {"allowed": [hostile.url.removeprefix("http://")], "denied": []}
        assert page.request.put("/api/network-rules", data=rules, headers=headers).ok
        secret = f's/1+{CORE}<b>&yK"7'
        given = {
            "name": "Echo",
            "type": "http-bearer",
            "values": {"token": secret, "test_url": f"{hostile.url}/x"},
        }
        made = page.request.post("/api/credentials", data=given, headers=headers).json()["id"]
        call = {
            "properties": {"url": f"{hostile.url}/echo", "authentication": "credential"},
            "credentials": {"account": made},
            "label": "Call",
        }
        document = {
            "name": "Echoes",
            "nodes": [
                {"id": "s", "type": "manual-trigger", "data": {"label": "Start"}},
                {"id": "c", "type": "http-request", "position": {"x": 300, "y": 0}, "data": call},
            ],
            "edges": [{"source": "s", "target": "c"}],
        }
        flow = page.request.post("/api/workflows", data=document, headers=headers).json()["id"]
        page.goto(f"/workflows/{flow}")
        moods: tuple[tuple[Mood, str], ...] = (("echo", "Succeeded"), ("refuse", "Failed"))
        for hostile.mood, status in moods:
            page.get_by_role("button", name="Execute workflow").click()
            log = page.get_by_role("region", name="Run log")
            expect(log.get_by_role("status")).to_contain_text(status)
            page.get_by_role("group", name="Call", exact=True).dblclick()
            panel = page.get_by_role("dialog", name="Step details")
            expect(panel).to_be_visible()
            if hostile.mood == "echo":
                expect(panel.get_by_text("•••").first).to_be_attached()  # what came back is there
            take()
            page.keyboard.press("Escape")
        ids = [each["id"] for each in page.request.get(f"/api/executions?workflow_id={flow}").json()["items"]]
        page.request.post(f"/api/credentials/{made}/test", headers=headers)
        places = [f"/executions/{id_}" for id_ in ids] + ["/credentials", "/settings#activity", "/executions"]
        for place in places:
            page.goto(place)
            page.wait_for_load_state("networkidle")
            take()
        assert page.request.put("/api/network-rules", data={**rules, "allowed": []}, headers=headers).ok
    assert hostile.asked >= 3
    heard.append("".join(server.log).encode())
    assert len(read) > 12, "the answers of the API were not read"
    assert len(frames) > 5, "the socket was not heard"
    everything = b"\n".join(heard + frames)
    assert "•••".encode() in everything, "the secret was never sent back, so nothing was tested"
    assert [needle for needle in needles_of() if needle.encode() in everything] == []
