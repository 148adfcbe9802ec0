"""Listeners of the event loop: they accept, speak TLS, read the first request and hand the connection on."""
