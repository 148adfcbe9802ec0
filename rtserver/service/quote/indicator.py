"""Indicator: the name and parameters of an indicator, read from text such as "sma:20", and its columns.

It decides names, defaults and bounds. ``indicator_line`` computes the numbers.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType

from rtserver.market.number import Number

MAX_INDICATORS = 8
MAX_SUM = 1000
"""Of all parameters in one request: what a tick costs grows with it, and so does what a new feed costs at first."""
MAX_TEXT = 32
MAX_PARAMETER = 1000
_INTEGER = re.compile(r"[0-9]{1,4}")
_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")


class IndicatorError(ValueError):
    """Text that names no known indicator. ``str`` of it is fit for the client."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One checked indicator. Two spellings of the same indicator are equal."""

    name: str
    params: tuple[Number, ...]

    def __str__(self) -> str:
        """Return its one spelling, with every parameter: "macd:12:26:9"."""
        return ":".join((self.name, *(f"{param:g}" for param in self.params)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns, in the order in which its line returns the cells."""
        return tuple(f"{self}{suffix}" for suffix in _KINDS[self.name].suffixes)


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    default: Number
    least: Number = 1
    is_integer: bool = True

    def read(self, text: str) -> Number:
        if (_INTEGER if self.is_integer else _DECIMAL).fullmatch(text):
            number = int(text) if self.is_integer else float(text)
            if self.least <= number <= MAX_PARAMETER:
                return number
        kind = "a whole number" if self.is_integer else "a number"
        raise IndicatorError(f'{self.name} "{text}" is not {kind} from {self.least} to {MAX_PARAMETER}')


def _no_rule(_params: tuple[Number, ...]) -> str | None:
    return None


def _macd_rule(params: tuple[Number, ...]) -> str | None:
    return None if params[0] < params[1] else "fast has to be shorter than slow"


@dataclass(frozen=True, slots=True)
class _Kind:
    parameters: tuple[_Parameter, ...] = ()
    suffixes: tuple[str, ...] = ("",)
    broken_rule: Callable[[tuple[Number, ...]], str | None] = _no_rule


_KINDS = MappingProxyType(
    {
        "sma": _Kind((_Parameter("period", 20),)),
        "ema": _Kind((_Parameter("period", 12),)),
        "macd": _Kind(
            (_Parameter("fast", 12), _Parameter("slow", 26), _Parameter("signal", 9)),
            ("", "/signal", "/histogram"),
            _macd_rule,
        ),
        "boll": _Kind(
            (_Parameter("period", 20), _Parameter("width", 2, least=0.01, is_integer=False)),
            ("/upper", "/middle", "/lower"),
        ),
        # Gains and losses need a change, and a change needs two prices.
        "rsi": _Kind((_Parameter("period", 14, least=2),)),
        "vwap": _Kind(),
    }
)

NAMES = tuple(_KINDS)


def parse_indicators(texts: Iterable[str]) -> tuple[Indicator, ...]:
    """Return the indicators in their order; one that is asked for twice stands once.

    Raises ``IndicatorError``, also for more than ``MAX_INDICATORS`` or parameters that add up to more than
    ``MAX_SUM``.
    """
    indicators = tuple(dict.fromkeys(map(parse_indicator, texts)))
    if len(indicators) > MAX_INDICATORS:
        raise IndicatorError(f"{len(indicators)} indicators in one request, at most {MAX_INDICATORS} are allowed")
    total = sum(sum(indicator.params) for indicator in indicators)
    if total > MAX_SUM:
        raise IndicatorError(f"the indicators' parameters add up to {total:g}, at most {MAX_SUM} are allowed")
    return indicators


def parse_indicator(text: str) -> Indicator:
    """Return the indicator that ``text`` names: a name, then parameters after colons. The last ones may be left
    out.
    """
    name, *given = text[: MAX_TEXT + 1].strip().lower().split(":")
    kind = _KINDS.get(name)
    if kind is None:
        raise IndicatorError(_unknown(name))
    if len(given) > len(kind.parameters):
        takes = ", ".join(parameter.name for parameter in kind.parameters) or "no parameters"
        raise IndicatorError(f'indicator "{text[:MAX_TEXT]}" has too many parameters; {name} takes {takes}')
    try:
        params = _read_params(kind, given)
    except IndicatorError as error:
        raise IndicatorError(f'indicator "{text[:MAX_TEXT]}": {error}') from None
    return Indicator(name, params)


def _read_params(kind: _Kind, given: list[str]) -> tuple[Number, ...]:
    texts = given + [str(parameter.default) for parameter in kind.parameters[len(given) :]]
    params = tuple(parameter.read(text) for parameter, text in zip(kind.parameters, texts, strict=True))
    broken = kind.broken_rule(params)
    if broken is not None:
        raise IndicatorError(broken)
    return params


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f'unknown indicator "{name[:MAX_TEXT]}"; {hint}known are {", ".join(NAMES)}'
