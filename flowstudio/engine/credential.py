"""Credential shapes: what kinds of secrets there are and which fields they have."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr


class CredentialType(BaseModel):
    """A kind of credential. Fields are its form; `SecretStr` fields never leave the server."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    type: ClassVar[str] = ""
    label: ClassVar[str] = ""
    _id: str = PrivateAttr("")

    @property
    def id(self) -> str:
        """Of the stored credential; empty for one that came along with a run."""
        return self._id

    def stored_as(self, id_: str) -> Self:
        """The same, as the stored credential `id_`."""
        self._id = id_
        return self

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__dict__.get("type") and not (cls.__doc__ or "").strip():
            raise TypeError(f"Credential type '{cls.type}' needs a docstring: it is its help text.")
