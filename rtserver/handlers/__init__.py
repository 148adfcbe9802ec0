"""Handlers of user messages, one file per type."""
