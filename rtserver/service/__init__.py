"""The service side: messages from the bus to their handlers, and numbers to the topics."""
