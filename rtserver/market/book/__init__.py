"""Book of one quote: the times of its ticks, its newest ticks, and the bars of its base periods. Pure."""
