"""The Compression node."""

from __future__ import annotations

import asyncio
import gzip
import io
import mimetypes
import zipfile
import zlib
from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Binary, Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf
from flowstudio.errors import NodeError

MAX_UNPACKED = 200 << 20
"""Bytes that the files of one archive may have together."""
MAX_FILES = 10_000
_PACK = ShowIf("action", ("compress",))


class Compression(ItemNode):
    """Packs files of the item into a ZIP archive, makes them smaller with gzip, or unpacks what came packed.

    ZIP puts several files into one; gzip packs each file by itself. Unpacking finds out which of the two it is.
    """

    type = "compression"
    label = "Compression"
    group = "Data"
    icon = "file-archive"
    subtitle = "{action}"
    examples = (
        Example(
            "A file that is missing",
            properties={"action": "decompress"},
            given=[{"id": 1}],
            gives=[],
            fails="The item has no file 'data'. Check the name of the file.",
        ),
        Example(
            "One of two files is missing",
            properties={"action": "compress", "files": "report, picture"},
            given=[{"id": 1}],
            gives=[],
            fails="The item has no file 'report'. Check the name of the file.",
        ),
    )

    action: Annotated[
        Literal["compress", "decompress"], Choice({"compress": "Pack", "decompress": "Unpack"})
    ] = "decompress"
    """What to do."""
    files: Annotated[str, Field(min_length=1)] = "data"
    """The names of the item's files, separated by commas."""
    format: Annotated[
        Literal["zip", "gzip"],
        Choice({"zip": "ZIP, all files in one archive", "gzip": "gzip, each file by itself"}),
        _PACK,
    ] = "zip"
    """What kind of archive to make."""
    file_name: Annotated[str, Field(max_length=300), ShowIf("format", ("zip",)), _PACK] = "data.zip"
    """The archive's own name."""
    output: Annotated[str, Field(min_length=1, title="Name of the archive"), _PACK] = "data"
    """The name that the archive has in the workflow. Of several gzip files, a number follows."""
    prefix: Annotated[str, Field(title="Names of the files"), ShowIf("action", ("decompress",))] = "file_"
    """What the names of the unpacked files begin with; a number from 0 follows."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Pack or unpack the item's files."""
        given: list[tuple[Binary, bytes]] = []
        for name in (name.strip() for name in self.files.split(",")):
            file = (item.binary or {}).get(name)
            if file is None:
                raise NodeError(f"The item has no file '{name}'. Check the name of the file.")
            given.append((file, await ctx.host.binaries.get(file)))
        made = await asyncio.to_thread(self._pack if self.action == "compress" else self._unpack, given)
        binary = {
            name: await ctx.host.binaries.put(data, mime_type=mime, file_name=own)
            for name, own, mime, data in made
        }
        return {"main": [Item(item.json, binary or None, item.paired_item)]}

    def _pack(self, given: list[tuple[Binary, bytes]]) -> list[tuple[str, str, str, bytes]]:
        """Name in the workflow, own name, type and content of each archive."""
        if self.format == "gzip":
            many = len(given) > 1
            return [
                (
                    f"{self.output}{place}" if many else self.output,
                    f"{file.file_name}.gz",
                    "application/gzip",
                    gzip.compress(data, mtime=0),
                )
                for place, (file, data) in enumerate(given)
            ]
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, data in given:
                archive.writestr(zipfile.ZipInfo(file.file_name or "file"), data, zipfile.ZIP_DEFLATED)
        return [(self.output, self.file_name or "data.zip", "application/zip", out.getvalue())]

    def _unpack(self, given: list[tuple[Binary, bytes]]) -> list[tuple[str, str, str, bytes]]:
        made: list[tuple[str, bytes]] = []
        for file, data in given:
            try:
                made += _unzipped(data) if data.startswith(b"PK") else [(_own(file), _gunzipped(data))]
            except (
                OSError,
                EOFError,
                zlib.error,
                zipfile.BadZipFile,
                RuntimeError,
                NotImplementedError,
            ) as error:
                raise NodeError(
                    f"The file '{file.file_name}' cannot be unpacked: it is no ZIP or gzip file, damaged, or has a password."
                ) from error
        return [
            (f"{self.prefix}{place}", name, mimetypes.guess_type(name)[0] or "application/octet-stream", data)
            for place, (name, data) in enumerate(made)
        ]


def _own(file: Binary) -> str:
    return file.file_name.removesuffix(".gz").removesuffix(".gzip") or "file"


def _gunzipped(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as packed:
        content = packed.read(MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise _too_large()
    return content


def _unzipped(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the files in an archive; folders and what macOS adds are left out."""
    found: list[tuple[str, bytes]] = []
    left = MAX_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [
            entry
            for entry in archive.infolist()
            if not entry.is_dir() and not entry.filename.startswith("__MACOSX")
        ]
        if len(entries) > MAX_FILES:
            raise _too_large()
        for entry in entries:
            with archive.open(entry) as packed:
                content = packed.read(left + 1)
            left -= len(content)
            if left < 0:
                raise _too_large()
            found.append((entry.filename.rpartition("/")[2], content))
    return found


def _too_large() -> NodeError:
    return NodeError(
        f"The archive holds more than {MAX_FILES} files or {MAX_UNPACKED >> 20} MB. Unpack it elsewhere."
    )
