"""Producers of quotes that ship: sources behind one port, and the run that brings their ticks to the queue."""
