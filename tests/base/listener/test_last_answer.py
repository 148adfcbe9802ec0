"""Answers of HTTP to refusals of the limits, which know no HTTP."""

import pytest

from rtserver.base.limit.table import Limit
from rtserver.base.listener.last_answer import http_error
from tcelib.limit.too_many import TooMany, UnavailableError


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        (Limit.CONNECTIONS_PER_IP, 429),
        (Limit.CONNECTIONS_PER_USER, 429),
        (Limit.HANDSHAKES_PER_IP, 429),
        (Limit.PENDING_PER_IP, 429),
        (Limit.REQUESTS_PER_IP, 429),
        (Limit.FILES, 503),
        (Limit.HANDSHAKES, 503),
        (Limit.MEMORY, 503),
        (Limit.PENDING, 503),
        (Limit.REQUESTS, 503),
    ],
)
def test_a_clients_own_limit_is_429_and_one_that_all_share_is_503(limit: Limit, status: int) -> None:
    error = http_error(TooMany(limit, "too many", 30))
    assert (error.status, error.reason, error.headers) == (status, "too many", {"Retry-After": "30"})


def test_a_server_that_cannot_answer_now_says_503() -> None:
    error = http_error(UnavailableError("no database", 5))
    assert (error.status, error.reason, error.headers) == (503, "no database", {"Retry-After": "5"})


@pytest.mark.parametrize(("seconds", "said"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (19.5, "20")])
def test_a_client_waits_whole_seconds_and_never_none(seconds: float, said: str) -> None:
    assert http_error(TooMany(Limit.HANDSHAKES, "too many", seconds)).headers == {"Retry-After": said}
