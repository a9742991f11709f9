"""Reflex looks its configuration up here; `flowstudio.build_plugins` says why each value is what it is."""

from flowstudio.build_plugins import make_config

config = make_config()
