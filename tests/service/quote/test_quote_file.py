"""Quotes from CSV files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rtserver.service.quote.quote_file import QuoteFileError, quote_item, read_quotes
from rtserver.service.quote.tick import QuoteInfo

DAYS = "Date,Open,High,Low,Close,Volume\n2000-03-01,118.56,132.06,118.5,130.31,9616100\n"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the given text and gives its path."""

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "quotes.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_a_line_of_a_day_is_a_bar(written: Callable[..., Path]) -> None:
    assert list(read_quotes(written(DAYS))) == [
        QuoteInfo([951868800000, 118.56, 130.31, 118.5, 132.06, 9616100])  # 2000-03-01T00:00Z
    ]


def test_a_line_of_a_price_is_a_tick_with_or_without_volume(written: Callable[..., Path]) -> None:
    path = written("time,price,volume\n1362150000000,430.5,7\n1362150000250,431,\n")

    assert list(read_quotes(path)) == [
        QuoteInfo([1362150000000, 430.5], 7),
        QuoteInfo([1362150000250, 431]),
    ]
    assert list(read_quotes(written("price,time\n1,09:30\n"))) == [QuoteInfo(["09:30", 1])]


def test_columns_come_in_any_order_and_case_and_others_are_left_out(written: Callable[..., Path]) -> None:
    path = written("\ufeffnote, PRICE ,Time\r\nx,1.5,open\r\n")

    assert list(read_quotes(path)) == [QuoteInfo(["open", 1.5])]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1362150000000", 1362150000000),
        ("-5", -5),
        ("20130301", 1362096000000),
        ("2013-03-01", 1362096000000),
        ("2013-03-01T14:30:00", 1362148200000),
        ("2013-03-01 14:30:00.250", 1362148200250),
        ("2013-03-01T09:30:00-05:00", 1362148200000),
        ("09:30:01", "09:30:01"),
        ("first", "first"),
    ],
)
def test_a_time_is_milliseconds_or_an_iso_date_or_a_label(
    written: Callable[..., Path], text: str, time: int | str
) -> None:
    [info] = read_quotes(written(f"time,price\n{text},1\n"))

    assert info.point == [time, 1]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ":1: the first line has to name"),
        ("Date,Open\n1,2\n", ":1: the first line has to name"),
        (DAYS + "2000-03-02,x,127,120,122,5\n", ':3: open "x" is not a number'),
        (DAYS + "2000-03-02,121,127,120\n", ':3: close "" is not a number'),
        (DAYS + "2000-03-02,121,127,130,122,5\n", ":3: open 121 and close 122 are not between low 130 and high 127"),
        ("time,price\n1,NaN\n", ':2: price "NaN" is not a number'),
        ("time,price\n1,true\n", ':2: price "true" is not a number'),
        ("time,price\n,1\n", ":2: a time label has 1 to 64"),
        ("time,price,volume\n1,1,-5\n", ":2: volume -5 is negative"),
    ],
)
def test_an_error_names_the_file_and_the_line(written: Callable[..., Path], text: str, place: str) -> None:
    path = written(text)
    with pytest.raises(QuoteFileError) as caught:
        list(read_quotes(path))
    assert str(caught.value).startswith(f"{path}{place}")


def test_a_file_in_another_encoding_is_an_error_of_the_file(written: Callable[..., Path]) -> None:
    with pytest.raises(QuoteFileError, match=r"quotes\.csv:1: "):
        list(read_quotes(written("time,price\nfr\u00fch,1\n", "latin-1")))


def test_the_lines_before_an_error_are_read(written: Callable[..., Path]) -> None:
    infos = read_quotes(written("time,price\n1,1\n2,x\n"))

    assert next(infos) == QuoteInfo([1, 1])
    with pytest.raises(QuoteFileError):
        next(infos)


def test_a_column_of_ids_names_the_ticks(written: Callable[..., Path]) -> None:
    path = written("id,time,price\na-1,1000,430.5\n,2000,431\n")

    assert list(read_quotes(path)) == [QuoteInfo([1000, 430.5], id="a-1"), QuoteInfo([2000, 431])]
    assert quote_item("A:B:20130301", QuoteInfo([1000, 430.5], id="a-1")) == {
        "quote": "A:B:20130301",
        "info": {"point": [1000, 430.5], "id": "a-1"},
    }
