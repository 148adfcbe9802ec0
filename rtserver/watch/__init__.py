"""Who watches the rest: a message of our own that goes all the way, a thread that sees whether others turn."""
