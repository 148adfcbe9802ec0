"""The time that the end of a server takes at most, which whoever ends it has to wait for. Pure."""

from rtserver.bootstrap.config.config import Config

SPARE_SECONDS = 10.0


def longest_end(config: Config) -> float:
    """Return the seconds from the signal to the end of the process, whatever hangs. Then it is ended by force."""
    may_be_followed = config.reuse_port or config.workers != 1
    rolling = config.drain_seconds if may_be_followed else 0.0
    return rolling + config.shutdown_seconds + SPARE_SECONDS
