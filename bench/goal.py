"""Goals of rtserver, each against a figure of the same run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import TypeAlias

from bench.comparison import Numbers

Value: TypeAlias = Callable[[Numbers], float]
Case: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Goal:
    """``value`` finds the figure and raises ``KeyError`` or the like if the run has none."""

    what: str
    value: Value
    bound: float
    is_upper: bool = False

    def is_met_by(self, value: float) -> bool:
        """Return whether the figure is on the right side of the bound."""
        return value <= self.bound if self.is_upper else value >= self.bound


OURS, NOT_KEPT = "rtserver", "rtserver, not kept"
UWEBSOCKETS, TORNADO, WEBSOCKETS = "uWebSockets (socketify)", "Tornado, write_message", "websockets, broadcast"
NATS, CHANNELS, TCELIB, C_FLOOR = "nats-server", "Django Channels", "tcelib", "the C floor"
CENTRIFUGO = "Centrifugo, HTTP API"
FAN_OUT: Case = ("fan_out", "500 subscribers")
MANY: Case = ("fan_out", "5000 subscribers")
FROM_REDIS: Case = ("from_redis", "500 subscribers")
EVERYONE: Case = ("from_redis", "500 clients, pushuser to everyone")
REQUESTS: Case = ("request_reply", "50 clients")
SESSIONS: Case = ("storm", "5000 clients of 1000 sessions")
NO_LOGIN: Case = ("storm", "5000 clients, no login")
OWN: Case = ("own_message", "500 users, pushuser from Redis")
IN_TURN: Case = ("own_message", "500 users, 1,000 messages a second to one after the other")
IDLE: Case = ("idle", "10000 connections")
LONE: Case = ("lone_message", "one at a time")
BURST: Case = ("burst", "100000 messages")
RPC: Case = ("rpc", "echo of 48 bytes")
GATEWAY: Case = ("gateway", "echo of 48 bytes")
IN_MEMORY, OVER_STREAM = "gateway, queue in memory", "gateway, Redis stream"
PING = "rtserver, ping"
RATE, ANSWERS, CALLS, PER_CORE = "deliveries_per_second", "per_second", "per_second", "per_core"
CONNECTIONS = "connections_per_second"
LIGHTEST = ("steps", 0)
BUSY = (*LIGHTEST, "server_busy")


def of(peer: str, case: Case, *keys: str | int, unit: float = 1.0) -> Value:
    """Find a peer's figure at one scenario and setting, in ``unit``."""

    return lambda scenarios: float(reduce(getitem, (*case, peer, *keys), scenarios)) / unit


def times(peer: str, case: Case, *keys: str | int, ours: str = OURS, peers_case: Case | None = None) -> Value:
    """Find how many times the peer's figure rtserver's is. The peer's may be of another case, of the same run."""
    theirs = of(peer, peers_case or case, *keys)
    return lambda scenarios: of(ours, case, *keys)(scenarios) / theirs(scenarios)


def at(rate: int, percentile: str, case: Case = FROM_REDIS, peer: str = OURS) -> Value:
    """Find a peer's percentile of the step at ``rate`` messages a second for 500 clients."""

    def value(scenarios: Numbers) -> float:
        steps = scenarios[case[0]][case[1]][peer]["steps"]
        return float({step["offered"]: step for step in steps}[500 * rate][percentile])

    return value


def times_at(peer: str, rate: int, case: Case = FROM_REDIS) -> Value:
    """Find p50 of that step in the peer's. Of the C floor, that is what the system calls alone take."""
    return lambda scenarios: at(rate, "p50", case)(scenarios) / at(rate, "p50", case, peer)(scenarios)


def starvation(scenarios: Numbers) -> float:
    """Return p99 of 16 requests under way, in p50s: the slowest in a hundred against half of them."""
    p50, p99 = (of(OURS, REQUESTS, "depth 16", percentile)(scenarios) for percentile in ("p50", "p99"))
    return p99 / p50


def hostile(what: str) -> Value:
    """Find the worst row's p99, in milliseconds."""
    return lambda scenarios: max(row[what]["p99"] for rows in scenarios["hostile"].values() for row in rows.values())


GOALS = (
    Goal("fan-out, times uWebSockets", times(UWEBSOCKETS, FAN_OUT, RATE), 1.0),
    Goal("fan-out, times nats-server", times(NATS, FAN_OUT, RATE), 2.0),
    Goal("fan-out, times websockets", times(WEBSOCKETS, FAN_OUT, RATE), 40.0),
    Goal("fan-out at 1,000/s to 500, p50 in ms", at(1000, "p50", FAN_OUT), 1.5, is_upper=True),
    Goal("fan-out at 1,000/s to 500, p50 in uWebSockets'", times_at(UWEBSOCKETS, 1000, FAN_OUT), 1.5, is_upper=True),
    Goal("fan-out at 4,000/s to 500, p50 in ms", at(4000, "p50", FAN_OUT), 1.5, is_upper=True),
    Goal("fan-out at 4,000/s to 500, p50 in uWebSockets'", times_at(UWEBSOCKETS, 4000, FAN_OUT), 1.4, is_upper=True),
    Goal("fan-out to 5,000, deliveries/s", of(OURS, MANY, RATE), 4_600_000),
    Goal("fan-out to 5,000, times uWebSockets", times(UWEBSOCKETS, MANY, RATE), 1.02),
    Goal("RPUSH to client, deliveries/s", of(OURS, FROM_REDIS, RATE), 3_000_000),
    Goal("RPUSH to client, times Channels", times(CHANNELS, FROM_REDIS, RATE), 1000.0),
    Goal("RPUSH to client at 100/s to 500, p50 in ms", at(100, "p50"), 1.9, is_upper=True),
    Goal("RPUSH to client at 100/s to 500, p50 in the C floor's", times_at(C_FLOOR, 100), 1.9, is_upper=True),
    Goal("RPUSH to client at 100/s to 500, p99 in ms", at(100, "p99"), 6.0, is_upper=True),
    Goal("pushuser to everyone, deliveries/s", of(OURS, EVERYONE, RATE), 4_000_000),
    Goal("pushuser to everyone, times nats-server", times(NATS, EVERYONE, RATE, peers_case=FAN_OUT), 1.48),
    Goal("pushuser to everyone at 1,000/s to 500, p50 in ms", at(1000, "p50", EVERYONE), 4.0, is_upper=True),
    Goal("a lone message at 100/s, RPUSH to handler, p50 in ms", of(OURS, LONE, "100/s", "p50"), 0.25, is_upper=True),
    Goal("its processor time in the server, ms", of(OURS, LONE, "100/s", "cpu_ms"), 0.2, is_upper=True),
    Goal("a lone message at 1,000/s, p50 in ms", of(OURS, LONE, "1000/s", "p50"), 0.25, is_upper=True),
    Goal("the same in the C floor's", times(C_FLOOR, LONE, "1000/s", "p50"), 2.8, is_upper=True),
    Goal("its processor time in the server, ms", of(OURS, LONE, "1000/s", "cpu_ms"), 0.2, is_upper=True),
    Goal("many topics, deliveries/s", of(OURS, ("many_topics", "1000 subscribers"), RATE), 1_000_000),
    Goal("own message each, times Tornado", times(TORNADO, ("own_message", "500 clients"), RATE), 4.0),
    Goal("RPUSH to one client, messages/s", of(OURS, OWN, RATE), 90_000),
    Goal("RPUSH to one client, times Centrifugo", times(CENTRIFUGO, OWN, RATE), 1.13),
    Goal("RPUSH to one client, not kept, messages/s", of(NOT_KEPT, OWN, RATE), 150_000),
    Goal("RPUSH to one client, not kept, times Centrifugo", times(CENTRIFUGO, OWN, RATE, ours=NOT_KEPT), 1.88),
    Goal("RPUSH to one client at 1,000/s, p50 in ms", of(OURS, IN_TURN, *LIGHTEST, "p50"), 0.8, is_upper=True),
    Goal("RPUSH to one client at 1,000/s, % of a core", of(OURS, IN_TURN, *BUSY, unit=0.01), 40, is_upper=True),
    Goal("the same not kept, p50 in ms", of(NOT_KEPT, IN_TURN, *LIGHTEST, "p50"), 0.5, is_upper=True),
    Goal(
        "the same not kept, p50 in Centrifugo's",
        times(CENTRIFUGO, IN_TURN, *LIGHTEST, "p50", ours=NOT_KEPT),
        2.1,
        is_upper=True,
    ),
    Goal("the same not kept, % of a core", of(NOT_KEPT, IN_TURN, *BUSY, unit=0.01), 25, is_upper=True),
    Goal("request/reply, depth 1, times Tornado", times(TORNADO, REQUESTS, "depth 1", ANSWERS), 2.5),
    Goal("request/reply, depth 16, times uWebSockets", times(UWEBSOCKETS, REQUESTS, "depth 16", ANSWERS), 1.0),
    Goal("request/reply, depth 16, p99 in p50", starvation, 4.0, is_upper=True),
    Goal("ping, depth 16, answers/s per core", of(PING, REQUESTS, "depth 16", PER_CORE), 300_000),
    Goal("a JSON message without an answer, per core", of(PING, REQUESTS, "one-way", PER_CORE), 300_000),
    Goal("a lone client's request, p50 in ms", of(OURS, REQUESTS, "alone", "p50"), 0.1, is_upper=True),
    Goal("connections/s, with sessions", of(OURS, SESSIONS, CONNECTIONS), 10_000),
    Goal("connections/s, without a log-in", of(OURS, NO_LOGIN, CONNECTIONS), 16_000),
    Goal("connections/s, without a log-in, times uWebSockets", times(UWEBSOCKETS, NO_LOGIN, CONNECTIONS), 0.49),
    Goal("an idle connection, KB", of(OURS, IDLE, "bytes_per_connection", unit=1024), 15, is_upper=True),
    Goal("10,000 idle, % of a core", of(OURS, IDLE, "server_busy", unit=0.01), 2.0, is_upper=True),
    Goal("a burst of 100,000, seconds", of(OURS, BURST, "drain_seconds"), 2.0, is_upper=True),
    Goal("the slowest ping meanwhile, ms", of(OURS, BURST, "ping", "max"), 50.0, is_upper=True),
    Goal("TCE, pipelined, calls/s", of(TCELIB, RPC, "pipelined", CALLS), 300_000),
    Goal("TCE, two-way, calls/s per core", of(TCELIB, RPC, "pipelined", PER_CORE), 700_000),
    Goal("TCE, one-way served, calls/s per core", of(TCELIB, RPC, "one-way served", PER_CORE), 800_000),
    Goal("TCE, one-way sent, calls/s per core", of(TCELIB, RPC, "one-way sent", PER_CORE), 800_000),
    Goal("TCE, 50 clients at depth 1, calls/s", of(TCELIB, RPC, "depth 1", CALLS), 50_000),
    Goal("TCE, new connections with a call, /s", of(TCELIB, RPC, "connections", CALLS), 10_000),
    Goal("TCE, a struct written and read, µs", of(TCELIB, RPC, "codec", "both_us"), 5.0, is_upper=True),
    Goal("gateway, queue in memory, calls/s per core", of(IN_MEMORY, GATEWAY, "pipelined", PER_CORE), 100_000),
    Goal("gateway, Redis stream, calls/s per core", of(OVER_STREAM, GATEWAY, "pipelined", PER_CORE), 50_000),
    Goal("gateway over Redis, added p50 in ms", of(OVER_STREAM, GATEWAY, "added_ms"), 0.5, is_upper=True),
    Goal("one hostile user, others' ping, worst p99 in ms", hostile("ping"), 20.0, is_upper=True),
    Goal("the age of their quotes, worst p99 in ms", hostile("quote"), 50.0, is_upper=True),
)
PROMISED: Case = ("limits", "one server")
LIMITS = (
    Goal("deliveries/s at saturation", of(OURS, PROMISED, "saturation"), 1_500_000),
    Goal("p50 at 100 messages/s, ms", of(OURS, PROMISED, "p50"), 5.0, is_upper=True),
    Goal("p99 at 100 messages/s, ms", of(OURS, PROMISED, "p99"), 25.0, is_upper=True),
    Goal(
        "memory per idle connection, KB",
        of(OURS, PROMISED, "idle", "bytes_per_connection", unit=1024),
        20,
        is_upper=True,
    ),
    Goal("connections/s", of(OURS, PROMISED, "idle", CONNECTIONS), 2_000),
)
"""What rtserver promises to hold."""


def goal_table(goals: Sequence[Goal], scenarios: Numbers) -> str:
    """As Markdown. A goal whose figure the run does not have is in it too, as not measured."""
    lines = ["| goal | at least or at most | measured | met |", "|---|---|---|---|"]
    for goal in goals:
        try:
            value = goal.value(scenarios)
        except (LookupError, ZeroDivisionError):
            measured, met = "not measured", ""
        else:
            measured, met = written(value), "yes" if goal.is_met_by(value) else "**no**"
        sign = "≤" if goal.is_upper else "≥"
        lines.append(f"| {goal.what} | {sign} {written(goal.bound)} | {measured} | {met} |")
    return "\n".join(lines)


def written(value: float) -> str:
    """With as many digits as count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
