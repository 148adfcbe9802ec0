"""Many instruments at once: what their history needs in memory, and how soon somebody sees it."""
