"""Judgement of exceptions: a handler's own failure, a cancellation, or the server's stop."""
