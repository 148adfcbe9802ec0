"""The gateway: messages of clients to services and back. Pure: messages and the time in, actions out."""
