"""Pages run the scripts of the build and no other."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path

from flowstudio.content_policy import content_policy

ROOT = Path(__file__).resolve().parents[1] / "flowstudio"
EVAL = re.compile(r"rx\.(?:toast\b(?!\.provider)|call_script|call_function|run_script|download)")


def test_each_inline_script_is_allowed_by_its_hash_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "index.html").write_text('<script src="/a.js"></script><script>one()</script>')
    (tmp_path / "deep" / "page.html").write_text('<script type="module">\ntwo()\n</script><p>')
    rules = dict(rule.split(" ", 1) for rule in content_policy(tmp_path).split("; "))
    hashes = {b64encode(hashlib.sha256(each).digest()).decode() for each in (b"one()", b"\ntwo()\n")}
    assert set(rules["script-src"].split()) == {
        "'self'",
        *(f"'sha256-{each}'" for each in hashes),
    }
    assert rules["default-src"] == "'self'"
    assert (rules["object-src"], rules["frame-ancestors"]) == ("'none'", "'self'")


def test_no_page_asks_the_browser_to_evaluate_code(tmp_path: Path) -> None:
    found = {
        str(file.relative_to(ROOT)) for file in ROOT.rglob("*.py") if EVAL.search(file.read_text("utf-8"))
    }
    assert found == set()
    assert "unsafe-eval" not in content_policy(tmp_path)
