"""Credential shapes: what kinds of secrets there are and which fields they have."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class CredentialType(BaseModel):
    """A kind of credential. Fields are its form; `SecretStr` fields never leave the server."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    type: ClassVar[str] = ""
    label: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__dict__.get("type") and not (cls.__doc__ or "").strip():
            raise TypeError(f"Credential type '{cls.type}' needs a docstring: it is its help text.")
