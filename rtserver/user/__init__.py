"""Connected users: their agents, sessions and topics, and the handlers of their messages."""
