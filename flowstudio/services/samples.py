"""The sample data of the examples, served under `/samples/`."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flowstudio.errors import NotFound
from flowstudio.shipped import shipped


@dataclass(frozen=True, slots=True)
class Sample:
    """A file."""

    name: str
    media_type: str
    data: bytes


class Samples:
    """Reads sample files. Invariant: nothing but the files directly in the folder can be named."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or shipped("examples") / "data"
        self._read: dict[str, Sample] = {}

    def names(self) -> list[str]:
        """What there is."""
        return sorted(file.name for file in self.folder.iterdir() if file.is_file())

    def get(self, name: str) -> Sample:
        """A file by its name. Raises `NotFound`."""
        sample = self._read.get(name)
        if sample is None:
            if name not in self.names():
                raise NotFound(f"There is no sample '{name}'. There are: {', '.join(self.names())}.")
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            sample = self._read[name] = Sample(name, media_type, (self.folder / name).read_bytes())
        return sample

    def find(self, name: str) -> tuple[str, bytes] | None:
        """Media type and content of a file; None when there is no such file."""
        if name not in self.names():
            return None
        sample = self.get(name)
        return sample.media_type, sample.data
