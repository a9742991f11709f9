"""Embedders: a file for each vendor, and one that needs none."""
