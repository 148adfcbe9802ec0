"""Open files of a gateway: so many that queues can be opened again when clients take all the others."""

import resource

SPARE_FILES = 64


def most_files() -> int:
    """Return the highest number of an open file that a new connection of a client may have; 0 for any."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(1, limit - 1 - SPARE_FILES) if limit > 0 else 0
