"""Constraints between settings that depend on one another, checked together before anything starts. Pure.

Each constraint blames one key and names the other; its sentence says what would go wrong and what to change. A new
one is a function that yields its conflicts, and a row in ``CONSTRAINTS``.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from rtserver.base.wire.message_size import largest_message
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import ConfigError

ROW_BYTES = 1_100
"""Bytes of a chart's row: candles, volume and eight indicators of three lines each, in numbers of eight digits."""

WRAPPING = 2
"""A producer's message may be so many times as large as a client's: it names the receivers as well."""


LEAST_ON_BUS = 4
"""The bus has room for at least so many of the largest messages."""


DEMO_PATH = "/rt/"


class Conflict(NamedTuple):
    """Two keys that contradict each other. ``problem`` follows the name of ``key`` and names the other key."""

    key: str
    problem: str


Constraint: TypeAlias = Callable[[Config], Iterator[Conflict]]


def conflicts(config: Config) -> Iterator[Conflict]:
    """Yield all conflicts, in the order of the table."""
    for constraint in CONSTRAINTS:
        yield from constraint(config)


def check_together(config: Config) -> Config:
    """Return the configuration itself. Raises ``ConfigError`` for the first conflict."""
    for conflict in conflicts(config):
        raise ConfigError("configuration", conflict.key, conflict.problem)
    return config


def largest_picture(config: Config) -> int:
    """Return the bytes of the largest ordinary picture of a chart."""
    return config.picture_rows * ROW_BYTES


def tls_pair(config: Config) -> Iterator[Conflict]:
    """Demand a key with a certificate."""
    if bool(config.tls_cert) is not bool(config.tls_key):
        missing = "tls_key" if config.tls_cert else "tls_cert"
        yield Conflict(missing, "is missing; TLS needs a certificate and its key")


def path(config: Config) -> Iterator[Conflict]:
    """Demand the one path that the demo's pages know."""
    if config.path != DEMO_PATH and not config.django_settings:
        yield Conflict("path", f"{config.path} is not allowed; without django_settings it must be {DEMO_PATH}")


def embedded_redis(config: Config) -> Iterator[Conflict]:
    """Refuse a port for an embedded Redis beside another Redis."""
    if config.embedded_redis_port and config.redis_url:
        yield Conflict("embedded_redis_port", "is set together with redis_url, which starts no embedded Redis")


def read_url(config: Config) -> Iterator[Conflict]:
    """Demand a primary of which a replica may be read."""
    if config.redis_read_url and not config.redis_url:
        yield Conflict("redis_read_url", "needs redis_url, the primary; the embedded Redis has no replica")


def shared_port(config: Config) -> Iterator[Conflict]:
    """Refuse a port that a supervisor would have to share: it numbers the sockets there."""
    if config.reuse_port and config.workers != 1:
        yield Conflict(
            "reuse_port", "is set together with workers, which share their port already; SIGHUP renews them"
        )


def queues(config: Config) -> Iterator[Conflict]:
    """Demand different queues, of which the first is the one that takes everything."""
    names = config.queues
    if names and names[0] != config.queue:
        yield Conflict("queues", f"begins with {names[0]!r}; its first one must be queue, which is {config.queue!r}")
    if len(set(names)) < len(names):
        yield Conflict("queues", "names a queue twice")


def signed_time(config: Config) -> Iterator[Conflict]:
    """Demand a secret for signatures that expire."""
    if config.signature_seconds and not config.queue_secret:
        yield Conflict(
            "signature_seconds", "needs a queue_secret, or a queue_secret_file; without one nothing is signed"
        )


def outbox(config: Config) -> Iterator[Conflict]:
    """Demand that a client lags before it is too slow, and that the system holds less than the outbox."""
    hard, soft, unsent = config.outbox_hard_bytes, config.outbox_bytes, config.unsent_bytes
    if hard < soft:
        yield Conflict("outbox_hard_bytes", f"{hard} is not allowed; it must be at least outbox_bytes, {soft}")
    if unsent > hard:
        problem = (
            f"{unsent} is not allowed; it must be at most outbox_hard_bytes, {hard}: "
            "the system would hold more for a client than may wait for it here"
        )
        yield Conflict("unsent_bytes", problem)


def client_messages(config: Config) -> Iterator[Conflict]:
    """Demand room for answers: a ping returns its data, and a call's answer may fill a packet."""
    hard = config.outbox_hard_bytes
    most = largest_message(hard)
    for key, size in (
        ("max_message_bytes", config.max_message_bytes),
        ("tce_max_packet_bytes", config.tce_max_packet_bytes),
    ):
        if size > most:
            problem = (
                f"{size} is not allowed; it must be at most {most}, for which outbox_hard_bytes, {hard}, leaves "
                "room: an answer as long as that could not be sent"
            )
            yield Conflict(key, problem)


def service_messages(config: Config) -> Iterator[Conflict]:
    """Demand that clients can take what follows from the largest service message."""
    size, hard = config.service_message_bytes, config.outbox_hard_bytes
    if config.limits == "on" and size > WRAPPING * hard:
        problem = (
            f"{size} is not allowed; it must be at most {WRAPPING} times outbox_hard_bytes, {hard}: "
            f"no client could take a message of more than {largest_message(hard)} bytes"
        )
        yield Conflict("service_message_bytes", problem)


def pictures(config: Config) -> Iterator[Conflict]:
    """Demand that a picture fits into a frame, and that its rows are part of a quote's history."""
    rows, hard, ticks = config.picture_rows, config.outbox_hard_bytes, config.history_ticks
    if largest_picture(config) > largest_message(hard):
        problem = (
            f"{rows} is not allowed; so many rows take up to {largest_picture(config)} bytes, and outbox_hard_bytes, "
            f"{hard}, leaves room for {largest_message(hard) // ROW_BYTES} rows"
        )
        yield Conflict("picture_rows", problem)
    if rows > ticks:
        problem = f"{rows} is not allowed; it must be at most history_ticks, {ticks}: a picture is made of these"
        yield Conflict("picture_rows", problem)


def bus(config: Config) -> Iterator[Conflict]:
    """Demand that several messages fit on the bus, however large they are."""
    size, least = config.bus_bytes, LEAST_ON_BUS * config.service_message_bytes
    if config.limits == "on" and 0 < size < least:
        problem = (
            f"{size} is not allowed; it must be at least {LEAST_ON_BUS} times service_message_bytes, "
            f"{config.service_message_bytes}: a few large messages would push all others off the bus unread"
        )
        yield Conflict("bus_bytes", problem)


def presence_queue(config: Config) -> Iterator[Conflict]:
    """Refuse the server's own list as the queue of a backend."""
    if config.presence_queue in {config.queue, *config.queues}:
        problem = f"{config.presence_queue} is not allowed; it is a queue that this server reads"
        yield Conflict("presence_queue", problem)


def rpc_routes(config: Config) -> Iterator[Conflict]:
    """Refuse the server's own lists as queues of calls."""
    for name, table in config.rpc_routes.items():
        queue = table["queue"]
        if queue in {config.queue, *config.queues, config.presence_queue}:
            problem = f"{queue} is not allowed; rtserver uses it for messages of its own, which are no calls"
            yield Conflict(f"rpc_routes.{name}.queue", problem)


CONSTRAINTS: tuple[Constraint, ...] = (
    tls_pair,
    path,
    embedded_redis,
    read_url,
    shared_port,
    queues,
    signed_time,
    outbox,
    client_messages,
    service_messages,
    pictures,
    bus,
    presence_queue,
    rpc_routes,
)
