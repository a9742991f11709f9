"""Secrets that nobody stored in the vault: those that come along with a run, and those of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from flowstudio.engine.item import Json
from flowstudio.engine.store import Vault
from flowstudio.errors import ConfigurationError, CredentialError, InvalidRequest
from flowstudio.services.credentials import TYPES, validated

OF_THE_ENVIRONMENT: Final = ("openai", "anthropic", "google-ai", "openai-compatible")
"""The types that variables such as `OPENAI_API_KEY` and `OPENAI_BASE_URL` may fill."""
_OTHER_NAMES: Final = {"google_api_key": "google_ai_api_key", "gemini_api_key": "google_ai_api_key"}


class RunVault:
    """Implements `engine.store.Vault`: before another one, for nodes in which no credential is chosen."""

    def __init__(self, inner: Vault, given: Mapping[str, Json]) -> None:
        """`given` are values by credential type."""
        self._inner, self._given = inner, given

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        """The chosen credential; without one, what was given for the first type that something was given for."""
        if not credential:
            found = next((type_ for type_ in types if type_ in self._given), None)
            if found is not None:
                return {**self._given[found], "type": found}
            if not isinstance(self._inner, RunVault):
                raise CredentialError("No credential is chosen. Choose one in the node.")
        return await self._inner.open(credential, types)


def read_names(values: Mapping[str, str]) -> dict[str, Json]:
    """Credentials from values such as `{"openai_api_key": "…"}`: the type, then the field. By type.

    Raises `InvalidRequest` that names the wrong entry, never its value.
    """
    names = {
        _name(slug, field): (slug, field) for slug, shape in TYPES.items() for field in shape.model_fields
    }
    found: dict[str, Json] = {}
    for given, value in values.items():
        low = given.lower()
        place = names.get(_OTHER_NAMES.get(low, low))
        if place is None:
            raise InvalidRequest(
                f"There is no credential field '{given[:100]}'. Names are made of a type and its field, such as openai_api_key."
            )
        found.setdefault(place[0], {})[place[1]] = value
    return {slug: validated(slug, fields) for slug, fields in found.items()}


def environment_with_file(folder: Path) -> dict[str, str]:
    """The environment, and before it what the file `.env` of a folder says. Nothing in the file is expanded or run.

    Raises `ConfigurationError` for a file that cannot be read.
    """
    file = folder / ".env"
    try:
        found = dotenv_values(file, interpolate=False) if file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The file {file} cannot be read: {error}. Repair it, or take it away."
        ) from error
    return {name: value for name, value in found.items() if value is not None} | dict(os.environ)


def from_environment(environment: Mapping[str, str]) -> dict[str, Json]:
    """The accounts of AI providers that environment variables hold, by type. What is not complete is left out."""
    found: dict[str, Json] = {}
    for slug in OF_THE_ENVIRONMENT:
        fields = {
            field: value
            for field in TYPES[slug].model_fields
            if (value := environment.get(_name(slug, field).upper(), ""))
        }
        for other, name in _OTHER_NAMES.items():
            if name == _name(slug, "api_key") and environment.get(other.upper()):
                fields.setdefault("api_key", environment[other.upper()])
        required = [name for name, field in TYPES[slug].model_fields.items() if field.is_required()]
        if fields and all(name in fields for name in required):
            found[slug] = validated(slug, fields)
    return found


def _name(slug: str, field: str) -> str:
    return f"{slug}_{field}".replace("-", "_")
