"""Quotes: ticks, bars, indicators, and the feeds that agents watch."""
