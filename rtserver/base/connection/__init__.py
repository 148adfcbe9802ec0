"""One client's connection on the event loop: its socket, its outbox, its timers, and the set of them all."""
