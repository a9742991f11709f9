"""Calling other services, and answering those that call."""
