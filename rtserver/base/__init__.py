"""Mechanism: knows no user and no quote. Everything above builds on it; it imports nothing from above."""
