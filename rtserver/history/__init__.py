"""History of quotes: the store of bars and states in Redis, its twin in memory, and who reads and writes it."""
