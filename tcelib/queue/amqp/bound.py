"""Bounds of a client of a broker."""

MOST_COUNTED = 1_000
"""Messages that ``length`` counts: AMQP has no question for their number, so each of them is looked at."""
