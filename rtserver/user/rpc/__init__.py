"""Calls of users to services behind queues, on the websocket thread: the routing core and the callers around it."""
