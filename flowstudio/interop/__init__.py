"""Workflows as files: FlowStudio's own form, and those of other programs."""

from flowstudio.interop.found import Found, Remark
from flowstudio.interop.native import export_document, file_name
from flowstudio.interop.reading import TEXT_LIMIT, is_foreign, read_documents, read_foreign

__all__ = [
    "TEXT_LIMIT",
    "Found",
    "Remark",
    "export_document",
    "file_name",
    "is_foreign",
    "read_documents",
    "read_foreign",
]
