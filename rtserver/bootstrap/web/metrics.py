"""``/metrics``: plain numbers of the running objects, in Prometheus's text format.

The objects count in plain attributes and know nothing of this. Each number is read at each request, on the event
loop's thread; an int of the other thread may be read from here because loading an attribute is atomic. There is no
global registry: two servers in one process have each their own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

PREFIX = "rtserver_"

T = TypeVar("T")


Value: TypeAlias = float | Mapping[str, float]


@dataclass(frozen=True)
class Measure:
    """One number, or one per value of a label.

    ``name`` is without prefix and, for a counter, without ``_total``. ``text`` is the help text. ``read`` returns the
    number now, or, with a ``label``, a mapping from the label's values to numbers.
    """

    kind: Literal["counter", "gauge"]
    name: str
    text: str
    read: Callable[[], Value]
    label: str = ""
    of_queue: Mapping[str, Callable[[], Value]] | None = None
    """Functions as ``read`` for each of several queues; then ``read`` itself is not called."""


class Metrics:
    """Metrics of one server: its measures, and memory, CPU and open files of its process."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._registry = CollectorRegistry()
        for measure in measures:
            # Raises ValueError where two measures have one name.
            self._registry.register(_MeasureCollector(measure))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return the page in Prometheus's text format, of the type ``CONTENT_TYPE_LATEST``."""
        return generate_latest(self._registry)


class MetricsHandler(RequestHandler):
    """``/metrics``. Route it with ``{"metrics": Metrics, "refusal": f}``; see ``ReadyHandler``."""

    def initialize(self, metrics: Metrics, refusal: Callable[[HTTPServerRequest], str]) -> None:
        """Called by Tornado with the route's arguments."""
        self._metrics = metrics
        self._refusal = refusal

    def get(self) -> None:
        """Answer with the values of this moment, or with 403 and the reason."""
        self.set_header("Cache-Control", "no-store")
        refusal = self._refusal(self.request)
        if refusal:
            self.set_status(403)
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.finish(f"{refusal}\n")
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(self._metrics.render())


def by_queue(measures_of: Callable[[T], Iterable[Measure]], parts: Mapping[str, T]) -> Iterator[Measure]:
    """Yield the measures of one part of the server, of which each queue has one; of several, with a ``queue`` label.

    All parts have the same measures, in the same order.
    """
    if len(parts) == 1:
        yield from measures_of(*parts.values())
        return
    for measures in zip(*map(measures_of, parts.values()), strict=True):
        reads = {queue: measure.read for queue, measure in zip(parts, measures, strict=True)}
        yield replace(measures[0], of_queue=reads)


class _MeasureCollector(Collector):
    """A measure in the form that prometheus-client wants."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure

    def describe(self) -> Iterator[Metric]:
        """Yield the name without the value, for the check for doubles: no number is read at registration."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield the value of this moment."""
        family = self._family()
        queues = self._measure.of_queue
        if queues is None:
            _add(family, [], self._measure.read())
        else:
            for queue, read in queues.items():
                _add(family, [queue], read())
        yield family

    def _family(self) -> CounterMetricFamily | GaugeMetricFamily:
        name, text = PREFIX + self._measure.name, self._measure.text
        labels = [] if self._measure.of_queue is None else ["queue"]
        labels += [self._measure.label] if self._measure.label else []
        if self._measure.kind == "counter":
            return CounterMetricFamily(name, text, labels=labels)
        return GaugeMetricFamily(name, text, labels=labels)


def _add(family: CounterMetricFamily | GaugeMetricFamily, labels: list[str], value: Value) -> None:
    if isinstance(value, Mapping):
        for label, number in value.items():
            family.add_metric([*labels, label], number)
    else:
        family.add_metric(labels, value)
