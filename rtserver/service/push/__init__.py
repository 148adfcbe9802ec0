"""Pushes to users: what is kept for them, and what they resume."""
