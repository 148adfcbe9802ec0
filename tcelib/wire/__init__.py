"""Bytes to messages and values, and back. Knows no connection, no servant and no clock."""
