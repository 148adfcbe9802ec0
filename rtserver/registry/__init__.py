"""The registry of leases as rtserver uses it: this worker's own lease, and look-ups of servers and users."""
