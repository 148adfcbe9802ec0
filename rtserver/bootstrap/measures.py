"""The measures of a running server: each number that ``/metrics`` shows, its name and its help text."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.connection.connection_set import ConnectionSet
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.tce.shared import TceShared
from rtserver.bootstrap.process.certificate import Certificate
from rtserver.bootstrap.process.log_flood import dropped_lines
from rtserver.bootstrap.process.tally_file import Tallies
from rtserver.bootstrap.push_side import PushSide
from rtserver.bootstrap.service_side import ServiceSide
from rtserver.bootstrap.user_side import UserSide
from rtserver.bootstrap.web.metrics import Measure, by_queue
from rtserver.handlers.resume import ResumeMsgHandler
from rtserver.modules.resume_agent import RESUME
from rtserver.registry.worker_lease import WorkerLease
from rtserver.service.pipeline.once_worker import OnceWorker
from rtserver.service.pipeline.pipeline import Pipeline
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.replica.near_bus import NearBus
from rtserver.service.thread.pipeline_run import PipelineRun
from rtserver.service.topic.service_topics import ServiceTopics
from rtserver.user.rpc.rpc_gate import RpcGate
from rtserver.user.user_manager import UserManager
from rtserver.watch.beat import Beat
from rtserver.watch.canary_trail import CanaryTrail
from rtserver.watch.loop_guard import LoopGuard
from tcelib.gateway.verb import Reason
from tcelib.limit.table import LimitCounts


def all_measures(
    services: ServiceSide,
    user_side: UserSide,
    *,
    bridge: Bridge,
    trail: CanaryTrail,
    guard: LoopGuard,
    beats: Iterable[Beat],
    certificate: Certificate | None,
    lease: WorkerLease,
    worker: str,
    tallies: Tallies,
) -> Iterator[Measure]:
    """Yield the measures of the server called ``worker``."""
    yield Measure("gauge", "server_info", "1, with the name of this server", lambda: {worker: 1}, "name")
    server, users = user_side.server, user_side.users
    yield from user_measures(server, users)
    yield from tce_measures(user_side.tce.shared)
    if user_side.gate is not None:
        yield from rpc_measures(user_side.gate)
    yield from limit_measures(user_side.limited, server, user_side.tce.shared)
    unshared = "Counts and rates that the memory which workers share had no place for"
    yield Measure("counter", "limits_unshared", unshared, lambda: tallies.unplaced)
    yield from service_measures(services)
    yield from topic_measures(services.topics)
    presence = services.presence
    yield Measure("gauge", "presence_subscriptions", "Subscriptions to who is present", lambda: presence.viewers)
    yield from push_measures(services.pushes, users)
    yield from bridge_measures(bridge)
    yield from canary_measures(trail)
    yield from guard_measures(guard)
    yield from lease_measures(lease)
    if certificate is not None:
        yield from tls_measures(certificate)
    yield from stall_measures(beats)


def user_measures(server: WebSocketServer, users: UserManager) -> Iterator[Measure]:
    """Yield the measures of the websocket thread."""
    topics, table = users.topics, users.table
    yield Measure("gauge", "connections", "Open connections, including those that are closing", lambda: len(server))
    yield Measure("gauge", "connections_by_kind", "Open connections by kind", lambda: dict(server.kinds), "kind")
    yield Measure("counter", "connections_accepted", "Connections accepted since the start", lambda: server.accepted)
    yield Measure("gauge", "outbox_bytes", "Bytes that wait to be sent to all clients", lambda: server.waiting_bytes)
    yield Measure(
        "gauge", "clients_lagging", "Clients that lag and get only the newest frames", lambda: server.lagging
    )
    yield Measure(
        "counter",
        "clients_too_slow",
        "Connections closed with 4108 because the client read too slowly",
        lambda: server.too_slow,
    )
    yield Measure(
        "counter",
        "messages_too_large",
        "Messages not sent because they are larger than an outbox may hold",
        lambda: server.too_large,
    )
    yield Measure(
        "counter", "frames_conflated", "Frames replaced by newer ones before they were sent", lambda: server.conflated
    )
    yield Measure("gauge", "agents", "Connections of logged-in users", lambda: len(users.agents))
    yield Measure("gauge", "users", "Users with an open connection", lambda: users.user_count)
    yield Measure("gauge", "topics", "Topics with at least one subscriber", lambda: len(topics))
    yield Measure("counter", "updates", "Updates that came for topics", lambda: topics.updates)
    yield Measure("counter", "deliveries", "Frames pushed to subscribers of topics", lambda: topics.deliveries)
    yield Measure(
        "counter",
        "updates_merged",
        "Updates merged into one because a subscriber has a rate limit",
        lambda: topics.merged,
    )
    yield Measure(
        "counter", "draw_failures", "Updates that a handler failed to turn into a frame", lambda: topics.failures
    )
    yield Measure(
        "counter", "forbidden", "Requests that the policy refused", lambda: dict(users.rights.refusals), "what"
    )
    yield Measure("counter", "handler_failures", "Exceptions in handlers of user messages", lambda: table.failures)


def tce_measures(tce: TceShared) -> Iterator[Measure]:
    """Yield the measures of binary clients."""
    counts = tce.counts
    yield Measure(
        "counter", "tce_messages", "Packets received from binary clients: calls and answers", lambda: tce.messages
    )
    yield Measure(
        "counter", "tce_failures", "Calls of binary clients that were answered with an error", lambda: counts.failures
    )
    yield Measure(
        "counter", "tce_refusals", "Binary clients refused because their token is not valid", lambda: counts.refusals
    )
    yield Measure(
        "counter",
        "tce_broken_streams",
        "Connections closed because their bytes are no packets",
        lambda: counts.broken_streams,
    )
    yield Measure(
        "counter",
        "tce_dropped_answers",
        "Answers of binary clients that no waiting call expects",
        lambda: tce.adapter.dropped_answers,
    )


def rpc_measures(gate: RpcGate) -> Iterator[Measure]:
    """Yield the measures of calls to services behind queues."""
    state = gate.state
    yield Measure("counter", "rpc_calls", "Calls of users that were passed on", lambda: dict(gate.passed), "queue")
    yield Measure("gauge", "rpc_waiting", "Calls of users that wait for their answers", lambda: gate.waiting)
    yield Measure(
        "counter", "rpc_refused", "Calls answered with an error here", lambda: _words(state.refused), "reason"
    )
    yield Measure(
        "counter", "rpc_dropped", "Messages of such calls that went nowhere", lambda: _words(state.dropped), "reason"
    )


def _words(counts: Mapping[Reason, int]) -> Mapping[str, int]:
    return {reason.value: counts.get(reason, 0) for reason in Reason}


def limit_measures(limited: LimitCounts, server: ConnectionSet, tce: TceShared) -> Iterator[Measure]:
    """Yield the measures of limits: how often each was met, and how close some are."""
    yield Measure("counter", "limited", "Requests refused by a limit", lambda: dict(limited.counts), "limit")
    yield Measure(
        "counter", "log_lines_dropped", "Log lines not written because their place logged too many", dropped_lines
    )
    yield Measure(
        "gauge",
        "addresses",
        "Addresses with an open connection, if connections_per_ip is set",
        lambda: len(server.admission),
    )
    yield Measure(
        "gauge", "strangers", "Binary connections that have not shown a token yet", lambda: len(tce.pending)
    )


def service_measures(services: ServiceSide) -> Iterator[Measure]:
    """Yield the measures of the service thread."""
    thread, runs = services.thread, services.runs
    pipelines = {queue: run.pipeline for queue, run in runs.items()}
    yield from by_queue(bus_measures, pipelines)
    if services.nears:
        yield from by_queue(near_measures, services.nears)
    yield from by_queue(queue_memory_measures, pipelines)
    yield from by_queue(lane_measures, runs)
    yield Measure("counter", "lane_restarts", "Restarts of loops that died", lambda: thread.restarts, "lane")
    yield from by_queue(quote_measures, services.centers)
    yield from by_queue(memory_measures, services.centers)
    stores = {queue: center.store for queue, center in services.centers.items() if center.store is not None}
    if stores:
        yield from by_queue(history_measures, stores)


def bus_measures(pipeline: Pipeline) -> Iterator[Measure]:
    """Yield the measures of the messages from the list to the bus and the dead stream."""
    link, dead_letters = pipeline.link, pipeline.dead_letters
    yield Measure(
        "gauge", "redis_connected", "1 while the queue's Redis answers, else 0", lambda: int(link.is_connected)
    )
    yield Measure("counter", "redis_outages", "Outages of the queue's Redis", lambda: link.outages)
    yield Measure(
        "counter", "intake_messages", "Messages moved from the list to the bus", lambda: pipeline.intake.moved
    )
    yield Measure(
        "counter",
        "repeated_messages",
        "Messages dropped because their id had come before",
        lambda: pipeline.repeats.repeated,
    )
    yield Measure("counter", "bus_messages", "Messages read from the bus", lambda: pipeline.reader.received)
    yield Measure(
        "counter",
        "bus_lost",
        "Bus entries lost: trimmed before they were read, or lost by Redis",
        lambda: pipeline.reader.lost,
    )
    yield Measure(
        "counter", "dead_messages", "Messages sent to the dead stream", lambda: dict(dead_letters.counts), "reason"
    )
    yield Measure(
        "gauge",
        "broken_keys",
        "Keys in Redis that hold something else than they should",
        lambda: len(pipeline.broken_keys.names),
    )


def near_measures(near: NearBus) -> Iterator[Measure]:
    """Yield the measures of a bus that is read at replicas."""
    yield Measure("gauge", "bus_read_at", "1, with the address at which the bus is read", near.read_at, "address")
    yield Measure("counter", "bus_moves", "Changes of the server at which the bus is read", lambda: near.moves)
    yield Measure(
        "gauge",
        "replica_behind_seconds",
        "Age of the first pulse that has not come through a replica",
        near.behind,
        "address",
    )


def queue_memory_measures(pipeline: Pipeline) -> Iterator[Measure]:
    """Yield the measures of the queue's memory, and of what waits for Redis."""
    memory, dead_letters = pipeline.memory, pipeline.dead_letters
    yield Measure("gauge", "redis_memory_bytes", "Memory that Redis uses, in bytes", lambda: memory.memory.used)
    yield Measure(
        "gauge",
        "redis_memory_limit_bytes",
        "The maxmemory of Redis, in bytes; 0 for none",
        lambda: memory.memory.most,
    )
    yield Measure(
        "gauge", "bus_bytes", "Memory that the bus takes in Redis, roughly, in bytes", lambda: memory.memory.bus
    )
    yield Measure(
        "gauge", "bus_limit_bytes", "Memory that the bus may take, in bytes", lambda: pipeline.queue.bus_bytes
    )
    yield Measure(
        "counter",
        "bus_outgrown",
        "Moves of messages that left the bus beyond its bytes, because a cursor had not passed them",
        lambda: pipeline.intake.outgrowth.moves,
    )
    yield Measure("counter", "bus_trimmed", "Bus entries trimmed because memory was short", lambda: memory.trimmed)
    yield Measure(
        "counter",
        "bus_trimmed_unread",
        "Entries trimmed for memory that some reader had not read",
        lambda: memory.unread,
    )
    yield Measure("gauge", "dead_waiting", "Dead letters that are not in Redis yet", lambda: len(dead_letters))


def lane_measures(run: PipelineRun) -> Iterator[Measure]:
    """Yield the measures of the lanes of a pipeline."""
    pipeline = run.pipeline
    lanes = pipeline.lanes
    yield Measure(
        "gauge", "lane_length", "Messages that wait in the lane", lambda: {x.msg_type: len(x) for x in lanes}, "lane"
    )
    yield Measure(
        "gauge",
        "lane_behind",
        "1 while the lane is behind and reads the bus by itself, else 0",
        lambda: {x.msg_type: int(x.is_behind) for x in lanes},
        "lane",
    )
    yield Measure(
        "counter",
        "lane_handled",
        "Messages that the handler handled",
        lambda: {x.msg_type: x.handled for x in lanes},
        "lane",
    )
    yield Measure(
        "counter",
        "lane_lost",
        "Messages of the lane that were trimmed before they were read",
        lambda: {x.msg_type: x.lost for x in lanes},
        "lane",
    )
    yield from once_measures(pipeline.once)
    yield Measure(
        "gauge",
        "lane_busy_seconds",
        "Seconds for which the handler has been busy with its current message",
        lambda: run.lane_watch.busy(time.monotonic()),
        "lane",
    )


def quote_measures(quotes: QuoteCenter) -> Iterator[Measure]:
    """Yield the measures of ticks, feeds and pages."""
    yield Measure("counter", "ticks", "Ticks received for all quotes", lambda: quotes.ticks)
    yield Measure("counter", "late_ticks", "Those that corrected earlier bars", lambda: quotes.taker.late_ticks)
    yield Measure("counter", "duplicate_ticks", "Those left out for their id", lambda: quotes.taker.duplicate_ticks)
    yield Measure("counter", "bad_times", "Ticks refused for an impossible time", lambda: quotes.bad_times)
    yield Measure(
        "counter",
        "quote_messages_aside",
        "Messages with quotes that nobody watched here, left to the server that writes history",
        lambda: quotes.choice.aside.entries,
    )
    yield Measure("gauge", "quotes", "Quotes with a history", lambda: len(quotes.books))
    yield Measure("gauge", "feeds", "Feeds with at least one watcher", lambda: len(quotes.feeds))
    yield Measure(
        "gauge",
        "feeds_behind",
        "Feeds that wait until their only user may use the processor again",
        lambda: quotes.feeds.behind,
    )
    yield Measure("gauge", "feeds_resting", "Feeds at hand that nobody watches", lambda: quotes.feeds.resting)
    yield Measure("counter", "feeds_refused", "Requests refused because of max_feeds", lambda: quotes.feeds.refused)
    yield Measure("counter", "pages", "Requests for rows of the past", lambda: quotes.pages.asked)
    yield Measure("gauge", "subscriptions", "Open subscriptions of feeds", lambda: quotes.subscribers)


def memory_measures(quotes: QuoteCenter) -> Iterator[Measure]:
    """Yield the measures of ticks and bars in memory, and of what is lost of them."""
    memory, books = quotes.memory, quotes.books
    yield Measure("gauge", "history_bytes", "Bytes of ticks and bars in memory", lambda: memory.bytes)
    yield Measure(
        "counter", "quotes_given_back", "Stored quotes that were dropped from memory", lambda: books.given_back
    )
    yield Measure("counter", "quotes_forgotten", "Quotes dropped because of max_quotes", lambda: books.forgotten)
    yield Measure("counter", "dropped_ticks", "Ticks dropped because of history_mb", lambda: memory.dropped_ticks)


def history_measures(store: QuoteStore) -> Iterator[Measure]:
    """Yield the measures of stored history: what this server writes and reads."""
    writer, reader = store.writer, store.reader
    yield Measure("gauge", "history_writer", "1 if this server writes history", lambda: int(writer.is_leading))
    yield Measure(
        "gauge", "history_behind_seconds", "How far the stored history is behind", lambda: writer.behind_seconds
    )
    yield Measure("counter", "history_saves", "States of quotes that were stored", lambda: writer.saves)
    yield Measure("counter", "history_bars_written", "Bars that were stored", lambda: writer.rows)
    yield Measure("counter", "history_save_failures", "States that could not be stored", lambda: writer.failures)
    yield Measure("counter", "history_waits", "Times that new quotes waited for the writer", lambda: store.waits)
    yield Measure("counter", "history_reads", "Reads of bars that were not in memory", lambda: reader.reads)
    yield Measure("counter", "history_read_failures", "Those that failed", lambda: reader.failures)
    yield Measure("counter", "history_states_loaded", "States of quotes that were loaded", lambda: store.loaded)
    yield Measure("counter", "history_states_unreadable", "Those that could not be read", lambda: store.unreadable)


def topic_measures(topics: Mapping[str, ServiceTopics]) -> Iterator[Measure]:
    """Yield the measures of services that agents subscribe to, besides quotes and presence."""
    yield Measure(
        "gauge",
        "service_topics",
        "Topics of the service, with viewers or with kept updates",
        lambda: {name: len(each) for name, each in topics.items()},
        "service",
    )
    yield Measure(
        "gauge",
        "service_subscriptions",
        "Open subscriptions of the service",
        lambda: {name: each.viewers for name, each in topics.items()},
        "service",
    )


def canary_measures(trail: CanaryTrail, now: Callable[[], float] = time.monotonic) -> Iterator[Measure]:
    """Yield the measures of canaries."""
    yield Measure(
        "gauge", "canary_age_seconds", "Age of the newest canary that came back, in seconds", lambda: trail.age(now())
    )
    yield Measure("counter", "canaries_returned", "Canaries that came back", lambda: trail.returned)


def stall_measures(beats: Iterable[Beat]) -> Iterator[Measure]:
    """Yield the measures of threads that did not turn."""
    known = tuple(beats)
    yield Measure(
        "counter",
        "stalls",
        "Stalls: times that a thread did not turn for stall_ms",
        lambda: {x.name: x.stalls for x in known},
        "thread",
    )
    yield Measure(
        "gauge",
        "longest_stall_seconds",
        "Longest stall of a thread, in seconds",
        lambda: {x.name: x.longest for x in known},
        "thread",
    )


def guard_measures(guard: LoopGuard) -> Iterator[Measure]:
    """Yield the measure of errors that nothing on the event loop caught."""
    yield Measure("counter", "loop_errors", "Exceptions that nothing on the event loop caught", lambda: guard.errors)


def lease_measures(lease: WorkerLease) -> Iterator[Measure]:
    """Yield the measures of this server's part in the registry."""
    yield Measure("gauge", "lease_held", "1 while other servers can see this one, else 0", lambda: int(lease.is_held))
    yield Measure("counter", "leases_taken", "Leases that this server has taken", lambda: lease.taken)


def push_measures(pushes: PushSide, users: UserManager) -> Iterator[Measure]:
    """Yield the measures of messages pushed to users and kept for them, and of their resumes."""
    streams, choice = pushes.streams, pushes.handler.choice
    resume = users.table.handlers[RESUME]
    assert isinstance(resume, ResumeMsgHandler), "the server's own handler"
    yield Measure("counter", "push_kept", "Messages that this server kept for users", lambda: streams.kept)
    keeps = "1 while this server keeps all messages to users, 0 while it leaves that to another one"
    yield Measure("gauge", "push_keeper", keeps, lambda: int(pushes.keeper.is_keeping))
    yield Measure("counter", "push_left", "Messages to users who were not here, left to others", lambda: choice.left)
    early = "Messages that were pushed before the bus brought them, told directly by the server that keeps"
    yield Measure("counter", "push_early", early, lambda: pushes.handler.early.posted)
    yield Measure(
        "counter", "resumes", "Resumes answered with the messages that a client had missed", lambda: resume.resumes
    )
    yield Measure(
        "counter", "resumed_messages", "Kept messages sent to clients that resumed", lambda: resume.messages
    )
    yield Measure("counter", "resumes_lost", "Resumes for which some messages were gone", lambda: resume.lost)


def once_measures(once: Sequence[OnceWorker]) -> Iterator[Measure]:
    """Yield the measures of handlers that deliver once."""
    yield Measure(
        "gauge",
        "once_waiting",
        "Messages that no server has done yet",
        lambda: {x.msg_type: x.waiting for x in once},
        "lane",
    )
    yield Measure(
        "counter",
        "once_handled",
        "Messages that this server did",
        lambda: {x.msg_type: x.handled for x in once},
        "lane",
    )
    yield Measure(
        "counter",
        "once_retried",
        "Messages that this server tried again",
        lambda: {x.msg_type: x.retried for x in once},
        "lane",
    )
    yield Measure(
        "counter",
        "once_claimed",
        "Messages that this server took over from a silent one",
        lambda: {x.msg_type: x.claimed for x in once},
        "lane",
    )


def bridge_measures(bridge: Bridge) -> Iterator[Measure]:
    """Yield the measures of the bridge between the threads."""
    boxes = {"to_users": bridge.to_users, "to_services": bridge.to_services}
    yield Measure(
        "gauge",
        "bridge_length",
        "Messages that wait in the mailbox",
        lambda: {k: len(box) for k, box in boxes.items()},
        "box",
    )
    yield Measure(
        "counter",
        "bridge_posted",
        "Messages posted to the mailbox",
        lambda: {k: box.posted for k, box in boxes.items()},
        "box",
    )


def tls_measures(certificate: Certificate) -> Iterator[Measure]:
    """Yield the measures of TLS."""
    yield Measure(
        "gauge",
        "certificate_expires",
        "End of the certificate's validity, in Unix seconds",
        lambda: certificate.not_after,
    )
    yield Measure("counter", "tls_failures", "TLS handshakes that failed", lambda: certificate.tls.failures)
