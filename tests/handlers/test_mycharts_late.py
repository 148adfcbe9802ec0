"""Charts of a quote whose ticks come late: however a client follows, it ends with the same rows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.handlers.market import Market
from tests.user_side import Client

SECOND_MS = 1_000
BEGIN_MS = 1_362_096_000_000

TICKS = st.lists(st.tuples(st.integers(-50, 30), st.integers(1, 99), st.booleans()), min_size=1, max_size=40)
"""For each tick: seconds behind or before the newest one, its price, and whether everything is delivered then."""


class Page:
    """The points of a chart as a page has them, by series and label."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seq = -1
        self.points: list[dict[Any, list[Any]]] = []

    def read(self) -> None:
        """Take what has come. Raises ``AssertionError`` for a gap."""
        for message in self.client.wire.take():
            data = message["data"]
            if data["update"] == "static":
                self.points = [{point[0]: point[1:] for point in each["data"]} for each in data["chart"]["series"]]
            else:
                assert data["prev_seq"] == self.seq, data
                for index, label, *values in data["chart"]["series"]:
                    self.points[index][label] = values
            self.seq = data["seq"]


def request(market: Market, client: Client, **more: Any) -> Page:
    page = Page(client)
    client.send("mycharts", {**chart(**more)})
    market.deliver()
    page.read()
    return page


def chart(**more: Any) -> dict[str, Any]:
    known = {"type": "quote", "chart_id": "c1", "exchange": "DEMO", "item": "AAPL", "date": "20130301"}
    return {**known, "update": "dynamic", "period": 10, "shape": "ohlc", "indicators": ["sma:3", "ema:2"], **more}


@given(TICKS)
def test_a_page_has_the_rows_of_a_new_picture_whether_it_takes_corrections_or_not(
    ticks: list[tuple[int, int, bool]],
) -> None:
    market = Market()
    market.tick(BEGIN_MS, 50, volume=1)
    ways: list[dict[str, Any]] = [
        {"corrections": True},
        {},
        {"corrections": True, "max_rate": 1},
        {"max_rate": 1},
        {"corrections": True, "count": 1000},
    ]
    pages = [request(market, market.online.connect(user), **way) for user, way in enumerate(ways)]
    newest = BEGIN_MS
    for seconds, price, is_delivered in ticks:
        time = newest + seconds * SECOND_MS
        newest = max(newest, time)
        market.tick(time, price, volume=1)
        if is_delivered:
            market.deliver()
            market.online.time.pass_by(0.3)
    for _ in range(3):
        market.deliver()
        market.online.time.pass_by(2)
    fresh = request(market, market.online.connect(99))
    for page in pages:
        page.read()
        assert page.points == fresh.points
        assert page.seq == fresh.seq
