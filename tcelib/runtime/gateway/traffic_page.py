"""TrafficPage: the numbers of one gateway in Prometheus's text format. They are read when somebody asks."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from tcelib.gateway.operation_name import OperationNames
from tcelib.gateway.state import GatewayState
from tcelib.gateway.traffic import BOUNDS, MICROSECONDS, OTHER_CODE, Traffic

PREFIX = "tce_gateway_"
CONTENT_TYPE = CONTENT_TYPE_LATEST
OPERATION_LABELS = ("interface", "operation")
_EDGES = (*(f"{bound / MICROSECONDS:g}" for bound in BOUNDS), "+Inf")


class TrafficPage:
    """Page of the gateway with this ``state``, and of memory, CPU and open files of its process.

    Calls are counted from now on. ``limits`` counts, by its name, the times that each limit was met.
    """

    def __init__(self, state: GatewayState, names: OperationNames, limits: Mapping[str, int]) -> None:
        state.count_calls()
        self._registry = CollectorRegistry()
        self._registry.register(_StateCollector(state, names, limits))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return the page, of the type ``CONTENT_TYPE``."""
        return generate_latest(self._registry)


class _StateCollector(Collector):
    """A gateway's state in the form that prometheus-client wants."""

    def __init__(self, state: GatewayState, names: OperationNames, limits: Mapping[str, int]) -> None:
        self._state = state
        self._names = names
        self._limits = limits

    def describe(self) -> list[Metric]:
        """Return nothing, so that no number is read at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all numbers of this moment."""
        yield from self._of_operations()
        yield _counter(
            "refused", "Calls answered with an error by the gateway", ("reason",), self._state.refused.items()
        )
        yield _counter("dropped", "Messages that went nowhere", ("reason",), self._state.dropped.items())
        yield _counter("limits", "Times that a limit was met", ("limit",), self._limits.items())
        clients = GaugeMetricFamily(PREFIX + "clients", "Connected clients", labels=("endpoint",))
        for name, door in self._state.table.doors.items():
            clients.add_metric([name], len(door.clients))
        yield clients

    def _of_operations(self) -> Iterator[Metric]:
        calls = CounterMetricFamily(PREFIX + "calls", "Two-way calls of clients", labels=OPERATION_LABELS)
        one_way = CounterMetricFamily(PREFIX + "one_way_calls", "One-way calls of clients", labels=OPERATION_LABELS)
        errors = CounterMetricFamily(PREFIX + "errors", "Calls that failed", labels=(*OPERATION_LABELS, "code"))
        in_flight = GaugeMetricFamily(
            PREFIX + "calls_in_flight", "Calls that wait for their answers", labels=OPERATION_LABELS
        )
        seconds = HistogramMetricFamily(
            PREFIX + "call_seconds", "Time from a call to its answer, in the gateway", labels=OPERATION_LABELS
        )
        for route, traffic in sorted((self._state.traffic or {}).items()):
            labels = list(self._names.of(route))
            calls.add_metric(labels, traffic.calls)
            one_way.add_metric(labels, traffic.one_way)
            in_flight.add_metric(labels, traffic.in_flight)
            for code, count in sorted(traffic.errors.items()):
                errors.add_metric([*labels, "other" if code == OTHER_CODE else f"{code}"], count)
            seconds.add_metric(labels, _buckets(traffic), traffic.total / MICROSECONDS)
        yield from (calls, one_way, errors, in_flight, seconds)


def _buckets(traffic: Traffic) -> list[tuple[str, float]]:
    return list(zip(_EDGES, accumulate(traffic.classes), strict=True))


def _counter(name: str, text: str, labels: tuple[str], counts: Iterable[tuple[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for label, count in sorted(counts):
        family.add_metric([label], count)
    return family
