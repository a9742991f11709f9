"""Node types: one file, one class each. `engine.registry.discover` finds them by walking this package."""
