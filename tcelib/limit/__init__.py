"""Limits of connections, as pure decisions: no socket, no clock, no protocol."""
