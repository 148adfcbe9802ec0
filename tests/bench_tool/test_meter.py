"""The meter's classes of messages."""

from collections import deque

from rtserver.bench.client.mark import MAX_AGE_NS
from rtserver.bench.client.meter import Meter

RENDER = b'{"type":"mycharts","data":{"chart":{"series":[[0,"~~~~1000",400.0],[0,"~~~~2000",400.0]]}}}'


def take(
    meter: Meter, *payloads: bytes, now_ns: int = 5000, is_timed: bool = True, pending: tuple[int, ...] = ()
) -> tuple[int, list[int]]:
    queue = deque(pending)
    answered = meter.take(payloads, now_ns, is_timed=is_timed, pending=queue)
    return answered, list(queue)


def test_every_mark_is_a_delivery_and_its_age_counts_from_when_it_was_due() -> None:
    meter = Meter()
    take(meter, RENDER, RENDER)
    assert (meter.messages, meter.deliveries) == (2, 4)
    assert meter.delivery.total == 4
    assert meter.delivery.greatest == 4000


def test_a_connection_that_is_not_timed_counts_all_the_same() -> None:
    meter = Meter()
    take(meter, RENDER, is_timed=False)
    assert (meter.deliveries, meter.delivery.total) == (2, 0)


def test_replies_belong_to_requests_in_their_order() -> None:
    meter = Meter()
    pong = b'{"type":"ping","data":"pong"}'
    assert take(meter, pong, RENDER, pong, now_ns=100, pending=(10, 60, 90)) == (2, [90])
    assert meter.replies == 2
    assert meter.reply.greatest == 90


def test_a_mark_from_another_clock_is_told_apart_from_a_latency() -> None:
    meter = Meter()
    take(meter, RENDER, now_ns=1500)
    assert (meter.deliveries, meter.delivery.total, meter.skewed) == (2, 1, 1)
    take(meter, RENDER, now_ns=3000 + MAX_AGE_NS)
    assert meter.skewed == 3


def test_errors_and_lags_are_counted_and_the_first_error_is_kept() -> None:
    meter = Meter()
    first = b'{"type":"error","data":{"code":"internal","message":"a","type":null}}'
    take(meter, first, b'{"type":"error","data":{"code":"b"}}')
    take(meter, b'{"type":"notice","data":{"code":"lag","lagging":true}}')
    take(meter, b'{"type":"notice","data":{"code":"lag","lagging":false}}')
    assert (meter.errors, meter.first_error, meter.lags) == (2, first.decode(), 1)
