"""Designs for up to a million users, carried by measured unit costs: ``python -m bench.simulate``."""
