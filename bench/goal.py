"""What rtserver wants to reach, each against a figure of the same run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Scenarios = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """``value`` finds the figure and raises ``KeyError`` or the like if the run has none."""

    what: str
    value: Callable[[Scenarios], float]
    bound: float
    is_upper: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether the figure is on the right side of the bound."""
        return value <= self.bound if self.is_upper else value >= self.bound


OURS = "rtserver"
UWEBSOCKETS, TORNADO, WEBSOCKETS = "uWebSockets (socketify)", "Tornado, write_message", "websockets, broadcast"
NATS, CHANNELS = "nats-server", "Django Channels"
FAN_OUT = ("fan_out", "500 subscribers")
FROM_REDIS = ("from_redis", "500 subscribers")
HUNDRED_A_SECOND = 50_000


def goals() -> list[Goal]:
    """All of them, in the order of the scenarios."""
    return [
        Goal("fan-out, times uWebSockets", lambda s: ratio(s, *FAN_OUT, UWEBSOCKETS), 1.0),
        Goal("fan-out, times nats-server", lambda s: ratio(s, *FAN_OUT, NATS), 2.0),
        Goal("fan-out, times websockets", lambda s: ratio(s, *FAN_OUT, WEBSOCKETS), 40.0),
        Goal("RPUSH to client, deliveries/s", lambda s: rate(s, *FROM_REDIS, OURS), 3_000_000),
        Goal("RPUSH to client, times Channels", lambda s: ratio(s, *FROM_REDIS, CHANNELS), 1000.0),
        Goal("RPUSH to client at 100/s to 500, p50 in ms", lambda s: at_hundred(s)["p50"], 2.0, is_upper=True),
        Goal("RPUSH to client at 100/s to 500, p99 in ms", lambda s: at_hundred(s)["p99"], 10.0, is_upper=True),
        Goal("many topics, deliveries/s", lambda s: rate(s, "many_topics", "1000 subscribers", OURS), 1_000_000),
        Goal("own message each, times Tornado", lambda s: ratio(s, "own_message", "500 clients", TORNADO), 4.0),
        Goal("request/reply, depth 1, times Tornado", lambda s: answers(s, 1) / answers(s, 1, TORNADO), 2.5),
        Goal(
            "request/reply, depth 16, times uWebSockets", lambda s: answers(s, 16) / answers(s, 16, UWEBSOCKETS), 1.0
        ),
        Goal("request/reply, depth 16, p99 in p50", starvation, 4.0, is_upper=True),
        Goal("a lone client's request, p50 in ms", lambda s: ours_asked(s)["alone"]["p50"], 0.1, is_upper=True),
        Goal("connections/s, with sessions", storm, 3000),
        Goal("an idle connection, KB", lambda s: idle(s)["bytes_per_connection"] / 1024, 15, is_upper=True),
        Goal("10,000 idle, % of a core", lambda s: 100 * idle(s)["server_busy"], 2.0, is_upper=True),
        Goal("a burst of 100,000, seconds", lambda s: burst(s)["drain_seconds"], 2.0, is_upper=True),
        Goal("the slowest ping meanwhile, ms", lambda s: burst(s)["ping"]["max"], 50.0, is_upper=True),
        Goal("TCE, pipelined, calls/s", lambda s: rpc(s)["pipelined"]["per_second"], 300_000),
        Goal("TCE, 50 clients at depth 1, calls/s", lambda s: rpc(s)["depth 1"]["per_second"], 50_000),
        Goal("TCE, new connections with a call, /s", lambda s: rpc(s)["connections"]["per_second"], 10_000),
        Goal("TCE, a struct written and read, µs", lambda s: rpc(s)["codec"]["both_us"], 5.0, is_upper=True),
        Goal("one hostile user, others' ping, worst p99 in ms", lambda s: hostile(s, "ping"), 20.0, is_upper=True),
        Goal("the age of their quotes, worst p99 in ms", lambda s: hostile(s, "quote"), 50.0, is_upper=True),
    ]


def rate(scenarios: Scenarios, scenario: str, setting: str, peer: str) -> float:
    """Deliveries a second."""
    return float(scenarios[scenario][setting][peer]["deliveries_per_second"])


def ratio(scenarios: Scenarios, scenario: str, setting: str, peer: str) -> float:
    """How many times the peer's deliveries rtserver's are."""
    return rate(scenarios, scenario, setting, OURS) / rate(scenarios, scenario, setting, peer)


def at_hundred(scenarios: Scenarios) -> dict[str, float]:
    """The step at 100 messages a second for 500 clients. Raises ``LookupError`` if there was none."""
    steps = scenarios[FROM_REDIS[0]][FROM_REDIS[1]][OURS]["steps"]
    known: dict[float, dict[str, float]] = {step["offered"]: step for step in steps}
    return known[HUNDRED_A_SECOND]


def ours_asked(scenarios: Scenarios, peer: str = OURS) -> dict[str, Any]:
    """Request and reply."""
    asked: dict[str, Any] = scenarios["request_reply"]["50 clients"][peer]
    return asked


def answers(scenarios: Scenarios, depth: int, peer: str = OURS) -> float:
    """A second."""
    return float(ours_asked(scenarios, peer)[f"depth {depth}"]["answers_per_second"])


def starvation(scenarios: Scenarios) -> float:
    """How much longer than half of the requests the slowest in a hundred take."""
    asked = ours_asked(scenarios)["depth 16"]
    return float(asked["p99"] / asked["p50"])


def storm(scenarios: Scenarios) -> float:
    """Connections a second."""
    return float(scenarios["storm"]["5000 clients of 1000 sessions"][OURS]["connections_per_second"])


def idle(scenarios: Scenarios) -> dict[str, float]:
    """10,000 connections."""
    figures: dict[str, float] = scenarios["idle"]["10000 connections"][OURS]
    return figures


def burst(scenarios: Scenarios) -> dict[str, Any]:
    """100,000 messages."""
    figures: dict[str, Any] = scenarios["burst"]["100000 messages"][OURS]
    return figures


def rpc(scenarios: Scenarios) -> dict[str, Any]:
    """Remote calls over TCP."""
    figures: dict[str, Any] = scenarios["rpc"]["echo of 48 bytes"]["tcelib"]
    return figures


def goal_table(scenarios: Scenarios) -> str:
    """As Markdown. A goal whose figure the run does not have is in it too, as not measured."""
    lines = ["| goal | at least or at most | measured | met |", "|---|---|---|---|"]
    for goal in goals():
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


def hostile(scenarios: Scenarios, what: str) -> float:
    """The worst row's p99, in milliseconds."""
    return max(float(row[what]["p99"]) for rows in scenarios["hostile"].values() for row in rows.values())
