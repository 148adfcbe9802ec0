"""Marks of the message that each handler holds right now; they outlive the process."""
