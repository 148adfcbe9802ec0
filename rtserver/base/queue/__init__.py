"""The queue in Redis and its twin in memory: list, bus, streams of users, work, dead letters, revocations."""
