"""Files to documents: text, Markdown, HTML, CSV, JSON, PDF, DOCX."""

from flowstudio.ai.reading.files import FORMATS, Format, format_of, read_file

__all__ = ["FORMATS", "Format", "format_of", "read_file"]
