"""What is on the wire, as pure functions of bytes: no sockets, threads, clocks or Redis in here."""
