"""Connections of an asyncio loop: their clock, their sockets, their tasks. Imports no gevent."""
