"""TCE on a connection: framing, log-in with a token, calls in both directions."""
