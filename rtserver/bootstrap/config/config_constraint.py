"""Limits of the configuration that depend on one another, checked together before anything starts. Pure.

Each constraint blames one key and names the other; its sentence says what would go wrong and what to change. A new
one is a function that yields its findings and a row in ``CONSTRAINTS``.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from rtserver.base.wire.message_size import largest_message
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import ConfigError

ROW_BYTES = 1_100
"""Bytes of a chart's row: candles with volume and eight indicators of three lines each, with numbers of eight
digits."""

WRAPPING = 2
"""How many times as large as the message for a client a producer's message may be: it names the receivers too."""


LEAST_ON_BUS = 4
"""How many of the largest messages the bus has room for at the least."""


DEMO_PATH = "/rt/"


class Conflict(NamedTuple):
    """Two keys that contradict each other. ``problem`` goes on after the name of ``key`` and names the other."""

    key: str
    problem: str


Constraint: TypeAlias = Callable[[Config], Iterator[Conflict]]


def conflicts(config: Config) -> Iterator[Conflict]:
    """Everything that contradicts something else, in the order of the table."""
    for constraint in CONSTRAINTS:
        yield from constraint(config)


def check_together(config: Config) -> Config:
    """The configuration itself. Raises ``ConfigError`` for the first conflict."""
    for conflict in conflicts(config):
        raise ConfigError("configuration", conflict.key, conflict.problem)
    return config


def largest_picture(config: Config) -> int:
    """Bytes of the largest ordinary picture of a chart."""
    return config.picture_rows * ROW_BYTES


def tls_pair(config: Config) -> Iterator[Conflict]:
    """A certificate needs its key."""
    if bool(config.tls_cert) is not bool(config.tls_key):
        missing = "tls_key" if config.tls_cert else "tls_cert"
        yield Conflict(missing, "is missing; TLS needs a certificate and its key")


def path(config: Config) -> Iterator[Conflict]:
    """The demo's pages know one path."""
    if config.path != DEMO_PATH and not config.django_settings:
        yield Conflict("path", f"{config.path} is not allowed; without django_settings it must be {DEMO_PATH}")


def embedded_redis(config: Config) -> Iterator[Conflict]:
    """A port for a Redis of our own is of no use beside another one."""
    if config.embedded_redis_port and config.redis_url:
        yield Conflict("embedded_redis_port", "is there beside redis_url; no Redis of our own is started then")


def signed_time(config: Config) -> Iterator[Conflict]:
    """A signature that is good for a while needs a secret to be made with."""
    if config.signature_seconds and not config.queue_secret:
        yield Conflict(
            "signature_seconds", "needs a queue_secret, or a queue_secret_file; without one nothing is signed"
        )


def outbox(config: Config) -> Iterator[Conflict]:
    """A client lags before it is too slow, and the system holds less than we do."""
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
    """An answer may be as long as what it answers: a ping gives its data back, a call's answer fills a packet."""
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
    """Messages that are let in should be such that clients can take what follows from them."""
    size, hard = config.service_message_bytes, config.outbox_hard_bytes
    if config.limits == "on" and size > WRAPPING * hard:
        problem = (
            f"{size} is not allowed; it must be at most {WRAPPING} times outbox_hard_bytes, {hard}: "
            f"no client could take a message of more than {largest_message(hard)} bytes"
        )
        yield Conflict("service_message_bytes", problem)


def pictures(config: Config) -> Iterator[Conflict]:
    """A picture fits into a frame, and its rows are among those that a new feed is made of."""
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
    """Some messages fit on the bus, however large they are."""
    size, least = config.bus_bytes, LEAST_ON_BUS * config.service_message_bytes
    if config.limits == "on" and 0 < size < least:
        problem = (
            f"{size} is not allowed; it must be at least {LEAST_ON_BUS} times service_message_bytes, "
            f"{config.service_message_bytes}: a few large messages would push all others off the bus unread"
        )
        yield Conflict("bus_bytes", problem)


CONSTRAINTS: tuple[Constraint, ...] = (
    tls_pair,
    path,
    embedded_redis,
    signed_time,
    outbox,
    client_messages,
    service_messages,
    pictures,
    bus,
)
