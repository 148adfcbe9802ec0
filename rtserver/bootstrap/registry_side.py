"""This server's part in the registry of those that share its Redis, built and wired."""

import time
from collections.abc import Callable, Collection, Mapping

import rtserver
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.process_name import look_at_process, process_name
from rtserver.registry.presence_scope import MEMBER
from rtserver.registry.running_server import WORKER, utc_text
from rtserver.registry.worker_lease import USER, WorkerLease
from tcelib.lease.port import NameTakenError, Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client


def build_lease(
    config: Config,
    redis_url: str,
    *,
    worker: str,
    address: str,
    types: Collection[str],
    figures: Callable[[], Mapping[str, int]],
    on_end: Callable[[BaseException], object],
) -> WorkerLease:
    """Build the lease of the worker called ``worker``, which listens at ``address``, without taking it.

    Servers that share a port may share their name: one takes over from the other.
    """
    registration = Registration(
        WORKER,
        worker,
        version=rtserver.__version__,
        since=time.time(),
        reads=tuple(sorted(types)),
        holds=(USER, MEMBER),
        sharing=address if config.reuse_port else "",
        process=process_name(),
    )
    leases = RedisLeases(plain_client(redis_url), config.queue)
    return WorkerLease(leases, registration, figures=figures, look_at=look_at_process, on_end=on_end)


def name_taken(error: NameTakenError, *, shares_port: bool) -> str:
    """Return what the operator of the second server of a name has to know."""
    told = error.holder.registration
    remedy = "give each a name of its own with --worker"
    if not shares_port:
        remedy += ", or share a port with --reuse-port"
    return (
        f"another server runs as {told.name!r} on this queue, since {utc_text(told.since)} UTC (rtserver workers): "
        f"{remedy}"
    )
