"""Probes of ``/readyz``: everything that must be well before a server counts as ready."""

from collections.abc import Callable, Mapping, Sequence

from rtserver.bootstrap.service_side import ServiceSide
from rtserver.bootstrap.user_side import UserSide
from rtserver.bootstrap.web.health import Probe, Reading, beat_probe, canary_probe, loops_probe, memory_probe
from rtserver.registry.worker_lease import WorkerLease
from rtserver.service.pipeline.broken_key import detail_of
from rtserver.service.pipeline.queue_memory import QueueMemory
from rtserver.service.replica.near_bus import NearBus
from rtserver.watch.beat import Beat
from rtserver.watch.canary_trail import CanaryTrail
from tcelib.limit.memory_guard import MemoryGuard

STALE_SECONDS = 3.0
"""A thread whose last beat is older does not turn."""


def all_probes(
    services: ServiceSide,
    user_side: UserSide,
    *,
    beat: Beat,
    memory: MemoryGuard,
    trail: CanaryTrail,
    is_stopping: Callable[[], bool],
    lease: WorkerLease,
) -> list[Probe]:
    """Return the probes of one server, in the order of the answer. ``beat`` is the websocket thread's."""
    thread, log_ins = services.thread, user_side.log_ins
    link = thread.pipeline.link
    near_probes = [lambda: near_reading(services.nears)] if services.nears else []
    pipelines = [run.pipeline for run in thread.runs]
    return [
        beat_probe("websocket thread", lambda: beat.last, STALE_SECONDS),
        beat_probe("service thread", lambda: thread.beat.last, STALE_SECONDS),
        loops_probe(thread.failing_loops),
        memory_probe(memory),
        lambda: Reading("redis", link.is_connected and not link.is_refusing, link.refusal or services.address),
        lambda: memory_reading([pipeline.memory for pipeline in pipelines]),
        *near_probes,
        # A broken key concerns one user or one cursor, and its detail says so: the others are served.
        lambda: Reading("keys", True, detail_of([name for each in pipelines for name in each.broken_keys.names])),
        canary_probe(trail),
        lambda: Reading("lease", lease.is_held, lease.detail),
        lambda: Reading("log-ins", log_ins.is_possible, log_ins.detail),
        lambda: Reading("writes", True, user_side.server.sender.detail),
        lambda: Reading("accepting", not is_stopping(), "no: going down" if is_stopping() else "yes"),
    ]


def near_reading(nears: Mapping[str, NearBus]) -> Reading:
    """Return where the bus of each queue is read: somewhere in any case, if not at a replica, at the primary."""
    details = [f"{name}: {near.detail}" if len(nears) > 1 else near.detail for name, near in nears.items()]
    return Reading("bus", True, "; ".join(details))


def memory_reading(memories: Sequence[QueueMemory]) -> Reading:
    """Return whether Redis takes messages for all queues, which may be kept by several nodes."""
    worst = max(memories, key=lambda memory: memory.is_full)
    return Reading("redis memory", not worst.is_full, worst.detail)
