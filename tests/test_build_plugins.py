"""What happens around Reflex's build."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowstudio.build_plugins import BrowserModules, NodeIcons, OriginRelativeAddresses, icons_module


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_addresses_of_the_backend_become_relative_to_the_origin(tmp_path: Path, quote: str) -> None:
    chunk = tmp_path / "assets" / "reflex-env-abc.js"
    chunk.parent.mkdir()
    chunk.write_text(
        f"var a={quote}ws://localhost:8000/_event{quote},b={quote}http://localhost:8000/ping{quote}"
    )
    OriginRelativeAddresses().post_build(static_dir=tmp_path)
    assert chunk.read_text() == (
        "var a=`${location.origin.replace(/^http/,'ws')}/_event`,b=`${location.origin}/ping`"
    )


def test_a_build_without_addresses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="build layout changed"):
        OriginRelativeAddresses().post_build(static_dir=tmp_path)


def test_icons_that_lucide_lacks_are_left_to_the_fallback() -> None:
    module = icons_module({"git-branch", "no-such-icon"})
    assert 'import GitBranch from "lucide-react/dist/esm/icons/git-branch.mjs";' in module
    assert '"box": Box' in module
    assert "no-such-icon" not in module


def test_the_icon_of_every_node_type_is_bundled() -> None:
    import flowstudio.nodes
    from flowstudio.engine.registry import discover

    ((_, module),) = NodeIcons().get_static_assets()
    missing = [cls.type for cls in discover(flowstudio.nodes) if f'"{cls.icon}"' not in str(module)]
    assert missing == []


def test_every_module_that_a_component_names_is_in_the_build() -> None:
    from flowstudio.components.entry import LoginForm
    from flowstudio.components.shell import Side
    from flowstudio.components.studio import Studio

    built = {f"$/{path}" for path, _ in BrowserModules().get_static_assets()}
    assert {LoginForm.create().library, Side.create().library, Studio.create().library} <= built
