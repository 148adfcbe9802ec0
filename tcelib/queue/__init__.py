"""Message queues: one port, and its twins in memory and in Redis."""
