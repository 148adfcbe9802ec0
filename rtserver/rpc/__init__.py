"""Calls of users to services behind a queue: the routes, and JSON to parameters and back. Pure."""
