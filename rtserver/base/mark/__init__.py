"""Marks of what a handler holds right now; they outlive the process."""
