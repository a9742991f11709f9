"""The HTTP API: one router per resource; `app` puts them together."""
