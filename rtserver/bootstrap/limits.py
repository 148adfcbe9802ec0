"""The limits of the configuration, as the parts want them; all of them none with ``limits = "off"``."""

import resource

from rtserver.base.gate import NO_LIMITS
from rtserver.base.limit import GateLimits
from rtserver.bootstrap.config import Config


def gate_limits(config: Config) -> GateLimits:
    """Of those who come in. To be asked when the limit of open files has been raised."""
    if config.limits == "off":
        return NO_LIMITS
    return GateLimits(
        connections_per_ip=config.connections_per_ip,
        handshakes_per_ip=config.handshakes_per_ip,
        handshakes=config.handshakes,
        pending_per_ip=config.pending_per_ip,
        pending=config.pending,
        files=usable_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0], config.spare_files),
    )


def usable_files(limit: int, spare: int) -> int:
    """The highest number that a connection's file may have, so that ``spare`` are left; 0 for any."""
    return max(1, limit - 1 - spare) if spare and limit > 0 else 0
