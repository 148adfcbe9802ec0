"""Formats on the wire, as pure functions of bytes: no socket, no thread, no clock, no Redis."""
