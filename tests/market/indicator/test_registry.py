"""The known indicators: built-in ones and plug-ins, their description, and the faults of classes that are none."""

from typing import ClassVar

import pytest

from rtserver.market.indicator.indicator import parse_indicator
from rtserver.market.indicator.indicator_line import Cells, IndicatorLine, Output, Parameter
from rtserver.market.indicator.registry import IndicatorClassError, IndicatorRegistry
from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from tests.market.indicator.bars import REGISTRY, bar, walk


class Widest(IndicatorLine):
    """A plug-in as teams write it: nothing but a step, on any state of its own."""

    name = "widest"
    parameters = (Parameter("period", 3), Parameter("factor", 1.5, least=0, most=9, is_integer=False))
    outputs = (Output("/range", "widest", "bar"), Output("/close"))

    def __init__(self, period: int, factor: float) -> None:
        self.period = period
        self.factor = factor
        self.ranges: list[Number] = []

    def step(self, bar: Bar) -> Cells:
        self.ranges.append(bar.high - bar.low)
        del self.ranges[: -self.period]
        return (max(self.ranges) * self.factor, bar.close)


def test_a_plug_in_is_asked_for_like_a_built_in_one() -> None:
    registry = IndicatorRegistry([Widest])
    indicator = parse_indicator("WIDEST:2", registry)

    assert str(indicator) == "widest:2:1.5"
    assert indicator.columns == ("widest:2:1.5/range", "widest:2:1.5/close")
    assert indicator.line().step(bar(10)) == (7.5, 10)
    assert registry.names == (*REGISTRY.names, "widest")


def test_a_plug_in_that_only_steps_can_peek_and_go_back() -> None:
    stepped, line = Widest(3, 1), Widest(3, 1)
    states = []
    for each in walk(50):
        line.peek(bar(1e9))
        assert line.peek(each) == stepped.step(each)
        states.append(line.snapshot())
        line.step(each)
    line.restore(states[10])
    again = [line.step(each) for each in walk(50)[10:]]
    line.restore(states[10])
    assert [line.step(each) for each in walk(50)[10:]] == again


def test_a_step_that_fails_in_a_peek_leaves_the_state_as_it_was() -> None:
    class Fails(Widest):
        def step(self, bar: Bar) -> Cells:
            super().step(bar)
            raise ZeroDivisionError

    line = Fails(3, 1)
    with pytest.raises(ZeroDivisionError):
        line.peek(bar(1))
    assert line.ranges == []


def test_a_plug_in_is_described_as_plain_data() -> None:
    assert IndicatorRegistry([Widest]).describe()[-1] == {
        "name": "widest",
        "title": "widest",
        "parameters": [
            {"name": "period", "default": 3, "min": 1, "max": 1000, "integer": True},
            {"name": "factor", "default": 1.5, "min": 0, "max": 9, "integer": False},
        ],
        "outputs": [
            {"suffix": "/range", "axis": "widest", "kind": "bar"},
            {"suffix": "/close", "axis": "price", "kind": "line"},
        ],
    }


def test_every_built_in_indicator_has_a_title_for_the_menu() -> None:
    assert all(each["title"] != each["name"] for each in REGISTRY.describe())


class NoName(Widest):
    name: ClassVar[str] = "No Name"


class NoOutputs(Widest):
    outputs = ()


class ManyOutputs(Widest):
    outputs = tuple(Output(f"/{place}") for place in "abcdefghi")


class SameSuffix(Widest):
    outputs = (Output("/a"), Output("/a"))


class BadSuffix(Widest):
    outputs = (Output("a"),)


class BadAxis(Widest):
    outputs = (Output("", "my axis"),)


class BadKind(Widest):
    outputs = (Output("", "price", "pie"),)  # type: ignore[arg-type]


class BadDefault(Widest):
    parameters = (Parameter("period", 0), Parameter("factor", 1))


class BrokenRule(Widest):
    @classmethod
    def check(cls, *params: Number) -> str | None:
        return "period is odd"


class FailingCheck(Widest):
    @classmethod
    def check(cls, *params: Number) -> str | None:
        raise KeyError(params)


class OtherParameters(Widest):
    parameters = ()


class NoStep(IndicatorLine):
    name = "nostep"


class OtherSma(Widest):
    name = "sma"


@pytest.mark.parametrize(
    ("plugin", "fault"),
    [
        (NoName, "its name 'No Name' is not a lower-case letter"),
        (NoOutputs, "it has 0 outputs; from 1 to 8 are allowed"),
        (ManyOutputs, "it has 9 outputs; from 1 to 8 are allowed"),
        (SameSuffix, "two of its outputs have the same suffix"),
        (BadSuffix, "the suffix 'a' of an output"),
        (BadAxis, "the axis 'my axis' of an output"),
        (BadKind, "the kind 'pie' of an output is not one of line, bar, scatter"),
        (BadDefault, "of its period is not true"),
        (BrokenRule, "period is odd"),
        (FailingCheck, "check of its defaults fails: KeyError"),
        (OtherParameters, "cannot be made with its defaults: TypeError"),
        (NoStep, "cannot be made with its defaults: TypeError"),
        (OtherSma, "are both named 'sma'"),
    ],
)
def test_a_class_that_cannot_be_an_indicator_is_named_with_the_fault(plugin: type[IndicatorLine], fault: str) -> None:
    with pytest.raises(IndicatorClassError) as caught:
        IndicatorRegistry([plugin])
    assert plugin.__qualname__ in str(caught.value)
    assert fault in str(caught.value)


def test_a_plug_in_that_is_named_twice_counts_once() -> None:
    assert IndicatorRegistry([Widest, Widest]).plugins == (Widest,)
