"""File descriptors: every connection needs one, and most systems let a process begin with 1,024.

An administrator decides the hard limit. The soft limit is a default for programs that would not know what to do with
more, and a process may raise it to the hard one by itself.
"""

import resource
from contextlib import suppress

FEW = 4096
"""A lower limit is worth a warning: it is a default, not meant for a server with many clients."""


def raise_file_limit() -> int:
    """Raise this process's soft limit to the hard one, and return the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A hard limit that is none at all is still more than the system gives to one process.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft


def most_files() -> int:
    """Return the limit that ``raise_file_limit`` could reach here."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
