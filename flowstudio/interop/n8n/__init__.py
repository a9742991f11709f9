"""Workflows of n8n: files, the clipboard, and what its API gives.

The everyday nodes become nodes of ours with the same meaning; any other node is kept with its n8n type and its parameters,
and shows as not installed. Expressions stay as they are, for they are written the same way here.
"""

from flowstudio.interop.n8n.document import is_n8n, read_n8n
from flowstudio.interop.n8n.exporting import Exported, write_n8n

__all__ = ["Exported", "is_n8n", "read_n8n", "write_n8n"]
