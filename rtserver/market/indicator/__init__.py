"""Indicators: the port that plug-ins implement too, the built-in ones, and the texts that ask for them. Pure."""
