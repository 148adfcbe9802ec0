"""Pages of metrics put together."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from rtserver.bootstrap.supervisor.metrics_page import counter, gauge, merge


def page(value: float) -> str:
    """A real page of one worker, with labels that try to be something else."""
    registry = CollectorRegistry()
    Gauge("a", "one number", registry=registry).set(value)
    labelled = Counter("b", "by kind # {x}", ["kind"], registry=registry)
    labelled.labels('odd "} 1 \n\\').inc(value)
    labelled.labels("").inc(1)
    return generate_latest(registry).decode()


def samples(text: str) -> dict[tuple[str, str, str], float]:
    return {
        (each.name, each.labels.get("worker", ""), each.labels.get("kind", "")): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if not each.name.endswith("_created")
    }


def test_each_sample_has_its_worker_and_each_metric_is_told_once() -> None:
    own = gauge("w", "workers", 2) + counter("d_total", "deaths", {1: 0, 2: 5})
    merged = merge(own, {1: page(3), 2: page(4)})
    assert samples(merged) == {
        ("w", "", ""): 2,
        ("d_total", "1", ""): 0,
        ("d_total", "2", ""): 5,
        **{("a", worker, ""): value for worker, value in (("1", 3), ("2", 4))},
        **{("b_total", worker, 'odd "} 1 \n\\'): value for worker, value in (("1", 3), ("2", 4))},
        **{("b_total", worker, ""): 1 for worker in ("1", "2")},
    }
    lines = merged.splitlines()
    assert len([line for line in lines if line.startswith("# TYPE a ")]) == 1
    assert lines.index('a{worker="2"} 4.0') == lines.index('a{worker="1"} 3.0') + 1


def test_without_workers_the_page_is_the_supervisors_own() -> None:
    assert merge(gauge("w", "workers", 2), {}) == "# HELP w workers\n# TYPE w gauge\nw 2\n"
