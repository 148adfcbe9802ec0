"""Modules: the application's parts of one connection."""
