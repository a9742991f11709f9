"""FlowStudio: a self-hosted studio for AI and automation workflows."""

__version__ = "0.1.0"
