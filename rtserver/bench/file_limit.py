"""File descriptors: each connection needs one, and most shells start with 1,024."""

import resource

from rtserver.bench.client.error import ResourceError

OTHERS = 64
"""What a process has open beside its connections, amply."""


def ensure_file_limit(connections: int) -> None:
    """Raise this process's soft limit as far as needed. Raises ``ResourceError`` where the hard limit is below."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + OTHERS
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ResourceError(
            f"{connections} connections need {needed} file descriptors, and the limit is {hard}: raise it with "
            f"ulimit -Hn {needed} (as root, or in /etc/security/limits.conf; LimitNOFILE= for systemd)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
