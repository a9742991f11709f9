"""Schemathesis against the real server: what the description promises holds for good and for bad requests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.api.conftest import running

PROGRAM = Path(sys.executable).parent / "st"
EXAMPLES = 3
"""Random cases for each operation, besides the systematic ones of the phases `examples` and `coverage`."""
KEPT_OUT = {
    "revoke_key": "the run would end its own key, and all that follows would be a 401",
    "end_sign_in": "it sends browsers on, so its good answers have no body",
    "watch_edits": "its answer does not end",
}

CONFIGURATION = """
# What the text or the address must hold is more than a schema can say.
[[operations]]
include-operation-id = "read_workflows"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 422]

# The names and values of credentials depend on the types that there are.
[[operations]]
include-operation-id = "execute"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422]

# What a field may hold depends on the type.
[[operations]]
include-operation-id = "create_credential"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 403, 409]

# Whether a message may be empty depends on its files and on what it replaces.
[[operations]]
include-operation-id = "send"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409]

# Hosts have more forms than a pattern can tell.
[[operations]]
include-operation-id = "set_network_rules"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]

# Whether a password is missing depends on what is stored.
[[operations]]
include-operation-id = "set_server_settings"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]

# No two entries may name the same model.
[[operations]]
include-operation-id = "set_prices"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    mail = SecretStr("smtp://a%40example.com@127.0.0.1:9")  # set here, so that no other place gets mails
    with running(tmp_path / "data", max_body=16 * 1024 * 1024, smtp_url=mail) as server:
        command = [str(PROGRAM), "run", f"{server.url}/api/openapi.json"]
        command += ["--header", f"X-API-Key: {server.keys['owner']}", "--checks", "all", "--mode", "all"]
        command += ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(EXAMPLES)]
        command += ["--seed", "1", "--request-timeout", "30", "--no-color"]
        for operation in KEPT_OUT:
            command += ["--exclude-operation-id", operation]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    tested = re.search(r"(\d+) generated, (\d+) passed", ended.stdout)
    assert tested is not None, ended.stdout
    assert tested[1] == tested[2], ended.stdout
    assert int(tested[1]) > 1000, ended.stdout
