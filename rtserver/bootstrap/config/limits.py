"""The limits of the configuration, in the form that each part needs. With ``limits = "off"`` there are none."""

import resource
from collections.abc import Callable

from rtserver.base.connection.shared import ConnectionBounds
from rtserver.bootstrap.config.config import Config
from rtserver.service.message import NO_BOUNDS, Bounds
from rtserver.user.user_limits import UserBounds
from tcelib.limit.admission import NO_LIMITS
from tcelib.limit.connection_rate import Rates, rates_of
from tcelib.limit.memory_guard import MemoryBounds
from tcelib.limit.table import AdmissionLimits

SLOW_NUMBERS = 64
"""Of one message, at 16 µs each."""
MEGABYTE = 1 << 20
HISTORY_SHARE = 0.1


def admission_limits(config: Config) -> AdmissionLimits:
    """Return the limits of new connections. To be called after the limit of open files has been raised."""
    if config.limits == "off":
        return NO_LIMITS
    return AdmissionLimits(
        connections_per_ip=config.connections_per_ip,
        handshakes_per_ip=config.handshakes_per_ip,
        handshakes=config.handshakes,
        requests_per_ip=config.requests_per_ip,
        requests=config.requests,
        pending_per_ip=config.pending_per_ip,
        pending=config.pending,
        files=usable_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0], config.spare_files),
    )


def connection_bounds(config: Config) -> ConnectionBounds:
    """Return the bounds of each connection, which hold with limits off, too."""
    return ConnectionBounds(
        heartbeat_seconds=config.heartbeat_seconds,
        max_message_bytes=config.max_message_bytes,
        outbox_bytes=config.outbox_bytes,
        outbox_hard_bytes=config.outbox_hard_bytes,
        slow_seconds=config.slow_seconds,
        unsent_bytes=config.unsent_bytes,
        flush_window=config.flush_window_ms / 1000,
    )


def connection_rates(config: Config) -> Rates | None:
    """Return the limits of what one connection sends."""
    return None if config.limits == "off" else rates_of(config.message_rate, config.byte_rate)


def user_bounds(config: Config) -> UserBounds:
    """Return the limits of one user."""
    if config.limits == "off":
        return UserBounds()
    return UserBounds(
        connections=config.connections_per_user,
        charts=config.charts_per_user,
        topics=config.topics_per_user,
        pictures=config.pictures_per_user,
        cpu=config.user_cpu_ms / 1000,
        depth=config.json_depth,
        slow_numbers=SLOW_NUMBERS,
    )


def message_bounds(config: Config) -> Bounds:
    """Return the bounds of a service message."""
    if config.limits == "off":
        return NO_BOUNDS
    return Bounds(config.service_message_bytes, config.json_depth, SLOW_NUMBERS)


def memory_bounds(config: Config, system_bytes: Callable[[], int]) -> MemoryBounds:
    """Return the bounds of the process's memory. ``system_bytes`` tells how much it could have."""
    if config.limits == "off":
        return MemoryBounds()
    resident = config.memory_limit_mb * MEGABYTE or int(config.memory_share * system_bytes())
    return MemoryBounds(resident, config.outboxes_limit_mb * MEGABYTE or resident // 2)


def history_bytes(config: Config, system_bytes: Callable[[], int]) -> int:
    """Return the bytes that ticks and bars may have in memory. ``system_bytes`` tells how much there could be."""
    return config.history_mb * MEGABYTE or int(HISTORY_SHARE * system_bytes())


def queues_of(config: Config) -> tuple[str, ...]:
    """Return the names of a server's queues, the first of which takes everything."""
    return config.queues or (config.queue,)


def users_per_message(config: Config) -> int:
    """Return the number of users that a service message may name; 0 for any number."""
    return 0 if config.limits == "off" else config.user_ids_per_message


def usable_files(limit: int, spare: int) -> int:
    """Return the highest descriptor that a connection may have, so that ``spare`` are left; 0 for any."""
    return max(1, limit - 1 - spare) if spare and limit > 0 else 0
