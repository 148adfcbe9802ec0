"""Measurements, one module each: a function ``run`` from a ``Scale`` to plain numbers.

The numbers are by setting ("500 subscribers") and then by peer. A peer that could not be measured has "missing".
"""
