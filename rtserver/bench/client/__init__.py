"""Protocols, marks, counts and reports of the load tool: pure, with neither sockets nor clocks."""
