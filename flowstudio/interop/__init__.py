"""Workflows as files: FlowStudio's own form, and those of other programs."""

from flowstudio.interop.found import Format, Found, Remark, Verdict
from flowstudio.interop.n8n import Exported, write_n8n
from flowstudio.interop.native import export_document, file_name
from flowstudio.interop.reading import TEXT_LIMIT, is_foreign, read_documents, read_foreign

__all__ = [
    "TEXT_LIMIT",
    "Exported",
    "Format",
    "Found",
    "Remark",
    "Verdict",
    "export_document",
    "file_name",
    "is_foreign",
    "read_documents",
    "read_foreign",
    "write_n8n",
]
