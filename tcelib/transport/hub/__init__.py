"""Connections of a gevent hub: their clock, their sockets, their greenlets, and queues on Redis lists."""
