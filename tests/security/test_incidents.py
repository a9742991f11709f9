"""Attacks that worked on other workflow studios, tried here. What happened there stands above each test, in our words."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import PASSWORD, Server, chain, email, node, running

Stored = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("incidents") / "data") as started:
        yield started


@pytest.fixture
def editor(server: Server) -> Iterator[httpx.Client]:
    with server.client("editor") as client:
        yield client


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that an attack tries to make."""
    return tmp_path / "owned"


def ran(client: httpx.Client, *nodes: dict[str, Any]) -> dict[str, Any]:
    flow = client.post("/api/workflows", json=chain(*nodes)).json()["id"]
    answer = client.post(f"/api/workflows/{flow}/execute", json={"wait": True})
    execution: dict[str, Any] = answer.json().get("execution", answer.json())
    for name in execution.get("node_states", {}):
        shown = client.get(f"/api/executions/{execution['id']}/nodes/{name}")
        execution.setdefault("shown", []).append(shown.text)
    return execution


ESCAPES = (
    "(function(){ return this.process.mainModule.require('child_process').execSync('touch MARK').toString() })()",
    "[].constructor.constructor('return process')().mainModule.require('child_process').execSync('touch MARK')",
    "$json.constructor.constructor('return globalThis.process.env')()",
    "Object.getPrototypeOf(async function(){}).constructor('return import(\"fs\")')()",
)


# n8n, CVE-2025-68613: expressions were evaluated within the server; `this.process` led to its runtime and to commands.
@pytest.mark.parametrize("attack", ESCAPES)
def test_n8n_cve_2025_68613_an_expression_reaches_no_process(
    attack: str, editor: httpx.Client, mark: Path
) -> None:
    text = "={{ " + attack.replace("MARK", str(mark)) + " }}"
    fields = [{"name": "x", "type": "string", "value": text}]
    execution = ran(editor, node("1", "manual-trigger"), node("2", "edit-fields", fields=fields))
    assert not mark.exists()
    told = "".join(execution["shown"])
    assert "FLOWSTUDIO" not in told
    assert "PATH" not in told


# n8n, CVE-2026-21858: a form's handler took the place of an uploaded file from the body, whatever its content type; a JSON body
# with `files` and a `filepath` made it copy any file of the server.
@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_n8n_cve_2026_21858_a_body_that_names_files_reads_none(
    kind: str, server: Server, editor: httpx.Client, tmp_path: Path
) -> None:
    secret = tmp_path / "passwd"
    secret.write_text("root:only-on-the-server")
    path = f"form-{re.sub('[^a-z]', '', kind)}"
    flow = chain(node("1", "webhook", path=path, method="POST", respond="last-node"), node("2", "no-op"))
    id_ = editor.post("/api/workflows", json=flow).json()["id"]
    assert editor.post(f"/api/workflows/{id_}/activate").status_code == 200
    body = {
        "data": {},
        "files": {"upload": {"filepath": str(secret), "originalFilename": "a", "mimetype": "text/plain"}},
    }
    answer = httpx.post(f"{server.url}/webhook/{path}", json=body, headers={"Content-Type": kind}, timeout=60)
    [latest] = editor.get("/api/executions", params={"workflow_id": id_}).json()["items"][:1] or [None]
    texts = [answer.text]
    if latest is not None:
        texts += [editor.get(f"/api/executions/{latest['id']}/nodes/{n}").text for n in ("1", "2")]
        files = editor.get(f"/api/executions/{latest['id']}/nodes/1/files/0")
        texts.append(files.text)
    encoded = base64.b64encode(secret.read_bytes()).decode()
    for text in texts:
        assert "only-on-the-server" not in text
        assert encoded not in text


PYTHON = (
    "import os\nos.system('touch MARK')\nreturn []",
    "from js import process\nprocess.mainModule.require('child_process').execSync('touch MARK')\nreturn []",
    "import subprocess\nsubprocess.run(['touch', 'MARK'])\nreturn []",
    "import ctypes\nctypes.CDLL(None).system(b'touch MARK')\nreturn []",
    "open('MARK', 'w').write('x')\nreturn []",
    "().__class__.__base__.__subclasses__()[0].__init__.__globals__['__builtins__']['open']('MARK', 'w')\nreturn []",
)


# n8n, CVE-2025-68668: Python ran in Pyodide inside the server's process, whose bridge to JavaScript led to commands.
@pytest.mark.parametrize("code", PYTHON)
def test_n8n_cve_2025_68668_python_code_runs_no_command(code: str, editor: httpx.Client, mark: Path) -> None:
    code = code.replace("MARK", str(mark))
    step = node("2", "code", language="python", mode="all-items", code=code)
    execution = ran(editor, node("1", "manual-trigger"), step)
    assert execution["status"] in ("success", "error")  # some calls only give an error code in the cage
    assert not mark.exists()


DECORATED = '@exec(__import__("os").system("touch MARK"))\ndef x(): pass'


# Langflow, CVE-2025-3248: the endpoint that checked code ran it, for anybody.
def test_langflow_cve_2025_3248_checking_runs_nothing_and_asks_who_calls(
    server: Server, editor: httpx.Client, mark: Path
) -> None:
    code = DECORATED.replace("MARK", str(mark))
    document = chain(
        node("1", "manual-trigger"), node("2", "code", language="python", mode="all-items", code=code)
    )
    with server.client(None) as nobody:
        assert nobody.post("/api/workflows/validate", json=document).status_code == 401
        assert nobody.post("/api/v1/validate/code", json={"code": code}).status_code == 404
        assert nobody.post("/api/expressions/evaluate", json={}).status_code == 401
    assert editor.post("/api/workflows/validate", json=document).status_code == 200
    stored = editor.post("/api/workflows", json=document)
    assert stored.status_code == 201
    assert not mark.exists()


# Langflow, CVE-2026-33017: the public way to run a flow took another flow, with code, from the caller.
def test_langflow_cve_2026_33017_a_public_call_brings_no_workflow_along(
    server: Server, editor: httpx.Client, mark: Path
) -> None:
    code = f"open({str(mark)!r}, 'w').write('x')\nreturn [{{'ran': 'theirs'}}]"
    theirs = chain(
        node("1", "manual-trigger"), node("2", "code", language="python", mode="all-items", code=code)
    )
    fields = [{"name": "ran", "type": "string", "value": "ours"}]
    ours = chain(
        node("1", "webhook", path="public-run", method="POST", respond="last-node"),
        node("2", "edit-fields", fields=fields),
    )
    id_ = editor.post("/api/workflows", json=ours).json()["id"]
    assert editor.post(f"/api/workflows/{id_}/activate").status_code == 200
    for body in (
        {"data": theirs},
        theirs,
        {"document": theirs, "workflow": theirs, "nodes": theirs["nodes"]},
    ):
        answer = httpx.post(f"{server.url}/webhook/public-run", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        assert "ours" in answer.text
        assert "theirs" not in httpx.post(f"{server.url}/webhook/public-run", json={}, timeout=60).text
    with server.client(None) as nobody:
        assert nobody.post(f"/api/workflows/{id_}/execute", json={"data": theirs}).status_code == 401
    assert not mark.exists()


# Flowise, CVE-2025-58434: asking for a forgotten password gave the reset token in the answer. Later: a null token was taken.
def test_flowise_cve_2025_58434_asking_for_a_password_gives_nothing_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(type(server.runtime.mailer), "on", True)
    monkeypatch.setattr(server.runtime.mailer, "send", lambda to, subject, text: sent.append(text))
    with server.client(None) as nobody:
        answer = nobody.post("/api/password/forgotten", json={"email": email("owner")})
        server.within(lambda runtime: runtime.links.close())
        assert (answer.status_code, answer.content) == (204, b"")
        [mail] = sent
        token = re.search(r"#([\w-]+)", mail)
        assert token is not None
        assert token[1] not in repr(answer.headers)
        for wrong in ("", None, "null", 0, token[1][:-1], {"$ne": ""}):
            body = {"token": wrong, "password": "taken over by me"}
            assert nobody.post("/api/password/reset", json=body).status_code in (400, 404), wrong
        login = {"email": email("owner"), "password": PASSWORD}
        assert nobody.post("/api/login", json=login).status_code == 200
        good = {"token": token[1], "password": PASSWORD}
        assert nobody.post("/api/password/reset", json=good).status_code == 204


# Flowise, CVE-2025-59528: the settings of a node, given as text, went through JavaScript's `Function` in the server.
@pytest.mark.parametrize(
    "settings",
    [
        "({x: process.mainModule.require('child_process').execSync('touch MARK')})",
        "{\"a\": 1}; require('fs').writeFileSync('MARK', '')",
        "__import__('os').system('touch MARK')",
    ],
)
def test_flowise_cve_2025_59528_settings_are_data_and_never_run(
    settings: str, server: Server, editor: httpx.Client, mark: Path
) -> None:
    """In every parameter of every node type: storing, checking and describing it runs nothing."""
    settings = settings.replace("MARK", str(mark))
    for cls in server.runtime.registry:
        properties = dict.fromkeys(cls.model_fields, settings)
        document = chain(node("1", "manual-trigger"), node("2", cls.type, **properties))
        assert editor.post("/api/workflows/validate", json=document).status_code == 200
    fields = {"mode": "json", "json": settings}
    ran(editor, node("1", "manual-trigger"), node("2", "edit-fields", **fields))
    assert not mark.exists()


# Windmill, CVE-2026-29059: a path to a log file, taken from the address, led to any file of the server, without a session.
@pytest.mark.parametrize(
    "path",
    [
        "/api/executions/{id}/nodes/1/files/..%2f..%2f..%2fkey",
        "/api/executions/..%2f..%2f..%2fkey",
        "/samples/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/samples/../../../../etc/passwd",
        "/api/docs/..%2f..%2f..%2fetc%2fpasswd",
        "/api/docs/....//....//etc/passwd",
        "/api/templates/..%2f..%2fconfig.py",
        "/api/collections/..%2f..%2fkey",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/api/logs/..%2f..%2f..%2fetc%2fpasswd",
    ],
)
@pytest.mark.parametrize("role", [None, "owner"])
def test_windmill_cve_2026_29059_no_path_leads_out_of_its_folder(
    path: str, role: str | None, server: Server
) -> None:
    key = (server.runtime.settings.data_dir / "key").read_text().strip()
    with server.client(role) as client:
        request = httpx.Request("GET", httpx.URL(server.url, raw_path=path.replace("{id}", "x").encode()))
        request.headers.update(client.headers)
        answer = client.send(request)
    assert "root:" not in answer.text
    assert key not in answer.text
    assert answer.status_code in (400, 401, 404)
