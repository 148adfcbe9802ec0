"""Limits against abuse, as pure decisions: no socket, no clock, no protocol."""
