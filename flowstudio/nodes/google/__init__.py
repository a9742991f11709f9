"""Nodes for services of Google."""
