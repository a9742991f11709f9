"""Writes the pages of the documentation that are generated from code; a test fails when they are out of date."""

from __future__ import annotations

from pathlib import Path, PurePath

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from flowstudio.config import Settings

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = "docs/settings.md"


def settings_page() -> str:
    """The page on settings, from the fields of `Settings` and their docstrings."""
    rows = [
        f"| `{variable(name)}` | {default(field)} | {escaped(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "FlowStudio reads its settings from the environment when it starts. A wrong value stops the start with the",
            "variable's name. This page is generated: `make docs`.",
            "",
            "| Variable | Default | Meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


def default(field: FieldInfo) -> str:
    """A default as one would write it in the environment."""
    value = field.default
    if value is None or value in ((), "", []):
        return "none"
    if isinstance(value, SecretStr):
        return "secret"
    if isinstance(value, tuple | list):
        return f"`{','.join(str(part) for part in value)}`"
    return f"`{value.as_posix() if isinstance(value, PurePath) else value}`"


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    (ROOT / SETTINGS_PAGE).write_text(settings_page())
    print(f"Wrote {SETTINGS_PAGE}")
