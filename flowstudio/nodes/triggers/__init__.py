"""Nodes that start executions."""
