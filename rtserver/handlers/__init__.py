"""One file per type of user message."""
