"""Who is connected: agents, their sessions, their topics, and the handlers of what they send."""
