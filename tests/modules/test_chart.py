"""Charts: from columns and rows to series, the same in a picture and in what is added to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.bridge.message import Cell, Row, Style
from rtserver.modules.chart import BASE_COLUMNS, Chart, Shape

MACD = ("macd:12:26:9", "macd:12:26:9/signal", "macd:12:26:9/histogram")
BOLL = ("boll:20:2/upper", "boll:20:2/middle", "boll:20:2/lower")
STYLES = {
    **dict.fromkeys(("sma:2", "sma:5", "sma:20", "ema:12", "vwap", *BOLL), Style("price", "line")),
    **dict.fromkeys(MACD, Style("macd", "line")),
    MACD[2]: Style("macd", "bar"),
    **dict.fromkeys(("rsi:2", "rsi:7", "rsi:14"), Style("rsi", "line")),
}
SHAPES = ("line", "ohlc", "bar", "scatter")


def tick(label: Cell, price: float, volume: int | None = None, *indicators: Cell) -> Row:
    return (label, price, price, price, price, volume, *indicators)


def test_a_line_is_the_close_by_label() -> None:
    chart = Chart("line", BASE_COLUMNS, "AAPL")
    assert chart.picture([tick(1000, 10.5), tick("09:30", 11, 300)]) == {
        "legends": ["AAPL"],
        "xAxis": {"type": "category", "data": [1000, "09:30"]},
        "yAxis": [{"name": "price"}],
        "series": [{"name": "AAPL", "type": "line", "yAxisIndex": 0, "data": [(1000, 10.5), ("09:30", 11)]}],
    }


def test_a_new_tick_on_a_line_is_one_entry() -> None:
    chart = Chart("line", BASE_COLUMNS, "AAPL")
    assert chart.increments([tick(1362150000000, 430.5, 100)]) == [(0, 1362150000000, 430.5)]


@pytest.mark.parametrize("shape", ["bar", "scatter"])
def test_bar_and_scatter_show_the_close_too(shape: Shape) -> None:
    chart = Chart(shape, BASE_COLUMNS, "AAPL")
    [series] = chart.picture([(1, 10, 12, 9, 13, 500)])["series"]
    assert series == {"name": "AAPL", "type": shape, "yAxisIndex": 0, "data": [(1, 12)]}
    assert chart.increments([(1, 10, 12, 9, 13, 500)]) == [(0, 1, 12)]


def test_ohlc_is_candles_and_a_panel_of_volume() -> None:
    chart = Chart("ohlc", BASE_COLUMNS, "AAPL")
    row = (1, 10, 12, 9, 13, 500)
    assert chart.picture([row]) == {
        "legends": ["AAPL", "volume"],
        "xAxis": {"type": "category", "data": [1]},
        "yAxis": [{"name": "price"}, {"name": "volume"}],
        "series": [
            {"name": "AAPL", "type": "candlestick", "yAxisIndex": 0, "data": [(1, 10, 12, 9, 13)]},
            {"name": "volume", "type": "bar", "yAxisIndex": 1, "data": [(1, 500)]},
        ],
    }
    assert chart.increments([row]) == [(0, 1, 10, 12, 9, 13), (1, 1, 500)]


def test_the_axis_of_prices_has_the_decimals_that_the_quote_says() -> None:
    axes = Chart("ohlc", BASE_COLUMNS, "rb", 5).picture(())["yAxis"]
    assert axes == [{"name": "price", "decimals": 5}, {"name": "volume"}]
    assert Chart("ohlc", BASE_COLUMNS, "rb").picture(())["yAxis"] == [{"name": "price"}, {"name": "volume"}]


def test_averages_and_bands_are_lines_over_the_prices() -> None:
    chart = Chart("line", (*BASE_COLUMNS, "sma:20", "ema:12", *BOLL, "vwap"), "AAPL", styles=STYLES)
    assert [each.name for each in chart.series] == ["AAPL", "sma:20", "ema:12", *BOLL, "vwap"]
    assert {each.type for each in chart.series} == {"line"}
    assert chart.axes == ("price",)


def test_macd_and_rsi_have_axes_of_their_own_and_the_histogram_is_a_bar() -> None:
    chart = Chart("ohlc", (*BASE_COLUMNS, "sma:20", *MACD, "rsi:14"), "AAPL", styles=STYLES)
    picture = chart.picture([])
    assert picture["yAxis"] == [{"name": "price"}, {"name": "volume"}, {"name": "macd"}, {"name": "rsi"}]
    drawn = [(each["name"], each["type"], each["yAxisIndex"]) for each in picture["series"]]
    assert drawn == [
        ("AAPL", "candlestick", 0),
        ("volume", "bar", 1),
        ("sma:20", "line", 0),
        (MACD[0], "line", 2),
        (MACD[1], "line", 2),
        (MACD[2], "bar", 2),
        ("rsi:14", "line", 3),
    ]


def test_two_of_a_kind_share_an_axis() -> None:
    chart = Chart("line", (*BASE_COLUMNS, "rsi:7", "rsi:14"), "AAPL", styles=STYLES)
    assert chart.axes == ("price", "rsi")


def test_a_cell_that_does_not_exist_yet_makes_no_point() -> None:
    chart = Chart("ohlc", (*BASE_COLUMNS, "sma:2", "rsi:2"), "AAPL", styles=STYLES)
    rows = [(1, 5, 5, 5, 5, None, None, None), (2, 6, 6, 6, 6, 0, 5.5, None)]
    series = chart.picture(rows)["series"]
    assert [each["data"] for each in series] == [[(1, 5, 5, 5, 5), (2, 6, 6, 6, 6)], [(2, 0)], [(2, 5.5)], []]
    assert chart.increments(rows) == [(0, 1, 5, 5, 5, 5), (0, 2, 6, 6, 6, 6), (1, 2, 0), (2, 2, 5.5)]


def test_rows_stay_in_order_and_none_is_dropped_even_under_one_label() -> None:
    chart = Chart("line", BASE_COLUMNS, "AAPL")
    assert chart.increments([tick("a", 1), tick("a", 2), tick("b", 3)]) == [(0, "a", 1), (0, "a", 2), (0, "b", 3)]


def test_an_empty_feed_is_an_empty_picture_with_all_its_series() -> None:
    picture = Chart("ohlc", (*BASE_COLUMNS, "sma:5"), "AAPL", styles=STYLES).picture([])
    assert picture["xAxis"]["data"] == []
    assert [each["data"] for each in picture["series"]] == [[], [], []]


cells = st.none() | st.floats(-1e6, 1e6, allow_nan=False)
prices = st.floats(1, 1e6)
rows = st.lists(st.tuples(st.integers(0, 99), prices, prices, prices, prices, cells, cells, cells), max_size=12)


@given(st.sampled_from(SHAPES), rows)
@settings(max_examples=60, deadline=None)
def test_a_picture_holds_just_what_increments_from_nothing_would_have_brought(shape: Shape, rows: list[Row]) -> None:
    chart = Chart(shape, (*BASE_COLUMNS, "sma:5", "rsi:14"), "AAPL", styles=STYLES)
    brought: list[list[tuple]] = [[] for _ in chart.series]
    for index, *point in chart.increments(rows):
        brought[index].append(tuple(point))
    assert [each["data"] for each in chart.picture(rows)["series"]] == brought
