"""The service thread: its gevent hub, the loops on it, and the order in which they start and end."""
