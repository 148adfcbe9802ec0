"""Quotes: ticks, bars, indicators and the feeds of those who watch."""
