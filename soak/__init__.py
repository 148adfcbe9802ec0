"""Runs that pass or fail: faults, restarts, visits and hours that must lose nothing and leave nothing behind."""
