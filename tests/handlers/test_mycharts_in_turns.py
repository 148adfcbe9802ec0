"""Pictures of a user whose processor time is counted: drawn in turns with what others get. Drawing takes time."""

from collections.abc import Callable
from typing import Any

import pytest

from rtserver.modules.chart import Chart
from rtserver.user.user_limits import UserBounds
from tests.handlers.market import Market, chart_request

INDICATORS = ["macd", "boll", "rsi"]


class Turns:
    """A market with timers that the test rings."""

    def __init__(self) -> None:
        self.timers: list[Callable[[], object]] = []
        self.market = Market(bounds=UserBounds(cpu=0.1), call_later=lambda _, callback: self.timers.append(callback))
        for label in range(900):
            self.market.tick(label, 400 + label % 7)
        self.market.deliver()

    def turn(self) -> None:
        self.market.online.now += 1.0
        self.timers.pop(0)()

    def run(self) -> None:
        while self.timers:
            self.turn()
            self.market.deliver()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns()
    points = Chart.points

    def slow(chart: Chart, *args: Any) -> Any:
        turns.market.online.now += 0.001
        return points(chart, *args)

    monkeypatch.setattr(Chart, "points", slow)
    return turns


def ask(turns: Turns, client: Any, name: str, **request: Any) -> None:
    client.send("mycharts", chart_request(chart_id=name, **request))
    turns.market.deliver()


def renders(client: Any) -> list[dict[str, Any]]:
    return [message["data"] for message in client.wire.take() if message["type"] == "mycharts"]


def test_others_get_their_quotes_between_the_pieces_of_a_picture(turns: Turns) -> None:
    ann, eve = turns.market.online.connect(1), turns.market.online.connect(2)
    ask(turns, ann, "a")
    turns.run()
    assert [render["update"] for render in renders(ann)] == ["static"]
    ask(turns, eve, "e", shape="ohlc", indicators=INDICATORS)
    assert renders(eve) == []
    pieces = 0
    while not (seen := renders(eve)):
        turns.turn()
        turns.market.tick(1000 + pieces, 400)
        turns.market.deliver()
        assert len(renders(ann)) == 1
        pieces += 1
    assert pieces > 10
    turns.run()
    seen += renders(eve)
    assert [render["update"] for render in seen] == ["static"] + ["dynamic"] * (len(seen) - 1)
    assert [render["prev_seq"] for render in seen[1:]] == [render["seq"] for render in seen[:-1]]
    assert seen[-1]["seq"] == 900 + pieces


def test_a_chart_that_is_given_up_while_it_is_drawn_is_not_sent(turns: Turns) -> None:
    eve = turns.market.online.connect(2)
    ask(turns, eve, "e", shape="ohlc", indicators=INDICATORS)
    turns.turn()
    eve.send("mycharts", {"type": "unlisten", "chart_id": "e"})
    turns.run()
    assert renders(eve) == []
    turns.market.tick(1000, 400)
    turns.run()
    assert turns.market.online.topics.members == 0


def test_a_connection_that_ends_while_its_chart_is_drawn_leaves_nothing_behind(turns: Turns) -> None:
    eve = turns.market.online.connect(2)
    ask(turns, eve, "e", shape="ohlc", indicators=INDICATORS)
    turns.turn()
    eve.leave()
    turns.market.tick(1000, 400)
    turns.run()
    assert len(turns.market.online.topics) == 0
    assert len(turns.market.center.feeds) == 0


def test_two_who_want_the_same_picture_draw_it_together(turns: Turns) -> None:
    ann, eve = turns.market.online.connect(1), turns.market.online.connect(2)
    for client in (eve, ann):
        ask(turns, client, "x", shape="ohlc", indicators=INDICATORS)
    turns.run()
    [(ann_frame, _)], [(eve_frame, _)] = ann.wire.frames, eve.wire.frames
    assert ann_frame is eve_frame
