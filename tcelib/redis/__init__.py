"""Connections to Redis: for tcelib, for rtserver and for programs beside them."""
