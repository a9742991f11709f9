"""Chat models by Alith, which runs in processes of its own: `pool` keeps them, `worker` is what runs inside.

Alith's native part holds the interpreter's lock while it waits, has no timeout, cannot be cancelled, and crashes on unexpected
tools. So each turn is made by a worker process that can be killed. A worker reaches nobody but our own `relay` on loopback: it
knows neither the provider's address nor the key, and what it sends goes out by the installation's own transport, with all its rules.
"""

from flowstudio.ai.alith.model import AlithModel, AlithOptions
from flowstudio.ai.alith.pool import AlithPool

__all__ = ["AlithModel", "AlithOptions", "AlithPool"]
