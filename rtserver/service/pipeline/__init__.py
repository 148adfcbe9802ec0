"""The way of a message from the list to its handler: intake, bus, lanes, workers, dead letters."""
