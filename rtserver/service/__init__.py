"""The service thread: messages from the bus to their handlers, numbers to the topics."""
