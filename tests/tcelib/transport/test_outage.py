"""The log of a trouble that lasts."""

import logging

import pytest

from tcelib.transport.hub.outage import LOG_SECONDS, Outage

LOG = logging.getLogger("tce.test")


class Desk:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now = 100.0
        self.outage = Outage(LOG, "it stands", "it runs", clock=lambda: self.now)
        self._caplog = caplog

    @property
    def said(self) -> list[str]:
        return [record.getMessage() for record in self._caplog.records]


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Desk:
    return Desk(caplog)


def test_what_works_is_not_told(desk: Desk) -> None:
    desk.outage.end()
    assert desk.said == []


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over(desk: Desk) -> None:
    for _ in range(100):
        desk.outage.begin("away", 10)
        desk.now += 0.1
    desk.outage.end()
    desk.outage.end()
    assert desk.said == ["! it stands: away", "= it runs, after 10.0 s and 1000 failures"]


def test_a_trouble_that_lasts_is_told_once_a_minute_and_another_reason_at_once(desk: Desk) -> None:
    desk.outage.begin("away")
    desk.now += LOG_SECONDS
    desk.outage.begin("away")
    desk.outage.begin("full")
    assert desk.said == ["! it stands: away", "! it stands: away", "! it stands: full"]


def test_a_trouble_that_comes_and_goes_is_told_once_a_minute(desk: Desk) -> None:
    for _ in range(100):
        desk.outage.begin("away")
        desk.outage.end()
    assert desk.said == ["! it stands: away", "= it runs, after 0.0 s and 1 failures"]
