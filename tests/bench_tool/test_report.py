"""The reports as text."""

import msgspec
import pytest

from rtserver.bench.client.histogram import Histogram
from rtserver.bench.client.meter import Meter
from rtserver.bench.client.report import ClientReport, client_text, client_warnings, latency_of


def test_a_distribution_is_told_in_milliseconds() -> None:
    histogram = Histogram()
    for milliseconds in (1, 2, 3, 100):
        histogram.add(milliseconds * 1_000_000)
    latency = latency_of(histogram)
    assert latency is not None
    assert latency.percentiles_ms["p50"] == pytest.approx(2, rel=0.01)
    assert latency.percentiles_ms["max"] == 100
    assert sum(bucket.count for bucket in latency.histogram) == latency.count == 4


def test_no_values_are_no_distribution() -> None:
    assert latency_of(Histogram()) is None


def test_nothing_is_warned_of_when_all_is_well() -> None:
    assert client_warnings(Meter(), 0.5, lost=0) == ()


def test_each_reason_to_doubt_a_number_is_a_warning() -> None:
    meter = Meter()
    meter.skewed, meter.lags, meter.errors, meter.first_error = 1, 2, 3, "oh"
    warnings = " ".join(client_warnings(meter, 0.99, lost=4))
    for words in ("--wall-clock", "2 times that they lag", "3 errors", "oh", "99%", "4 connections were lost"):
        assert words in warnings


def test_the_text_has_rates_percentiles_bars_losses_and_warnings() -> None:
    histogram = Histogram()
    histogram.add(1_600_000)
    report = ClientReport(
        url="ws://h/rt/",
        connections=10,
        connect_seconds=0.5,
        seconds=2.0,
        messages=2000,
        messages_per_second=1000.0,
        deliveries=4000,
        deliveries_per_second=2000.0,
        replies=0,
        replies_per_second=0.0,
        unanswered=7,
        bytes_per_second=1.5e6,
        delivery=latency_of(histogram),
        reply=None,
        lost={"4108 too slow": 3},
        errors=0,
        client_busy=0.25,
        is_interrupted=True,
        warnings=("mind",),
    )
    text = client_text(report)
    for words in ("10 connections", "(20/s)", "(interrupted)", "1,000/s", "1.50 MB/s", "2,000/s", "7 unanswered"):
        assert words in text
    for words in ("p99.9 1.600 ms", "1.5 - 2", "####", "3 4108 too slow", "WARNING: mind"):
        assert words in text
    assert msgspec.json.decode(msgspec.json.encode(report), type=ClientReport) == report
