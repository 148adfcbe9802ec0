"""Queues of calls to services, on the service thread: calls go out, answers come in."""
