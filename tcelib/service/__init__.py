"""A reader of a queue as a service: what it may run, what it may claim, how much it pulls, and its lease."""
