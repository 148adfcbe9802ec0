"""rtserver carries live data from a Redis list to the logged-in users of a Django site."""

__version__ = "0.1.0"
