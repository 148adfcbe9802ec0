"""Queues in Redis, for tcelib and for rtserver: at present the connections to it."""
