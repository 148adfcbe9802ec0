"""Writes to many sockets in one call: in C where it was compiled, else in Python."""
