"""Presence as a service: topics of who is where, and the messages for a backend."""
