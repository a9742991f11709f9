"""Nodes that work with databases."""
