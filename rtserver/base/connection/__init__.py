"""Connection of one client on the event loop: socket, outbox and timers; and the set of all connections."""
