"""Indicator: an indicator with its parameters, read from text such as "sma:20", and its columns."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rtserver.market.indicator.indicator_line import IndicatorLine, Parameter
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.number import Number

MAX_INDICATORS = 8
MAX_SUM = 1000
"""Of all parameters in one request: memory, and the bars that a new feed reads first, grow with it."""
MAX_TEXT = 32
_INTEGER = re.compile(r"[0-9]{1,4}")
_DECIMAL = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")


class IndicatorError(ValueError):
    """Text that names no known indicator. ``str`` of it is fit for the client."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One checked indicator. Two spellings of the same indicator are equal."""

    kind: type[IndicatorLine]
    params: tuple[Number, ...]

    def __str__(self) -> str:
        """Return its one spelling, with every parameter: "macd:12:26:9"."""
        return ":".join((self.kind.name, *(f"{param:g}" for param in self.params)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns, in the order of ``kind.outputs`` and of its line's cells."""
        return tuple(f"{self}{output.suffix}" for output in self.kind.outputs)

    def line(self) -> IndicatorLine:
        """Return a line that begins."""
        return self.kind(*self.params)


def parse_indicators(texts: Iterable[str], registry: IndicatorRegistry) -> tuple[Indicator, ...]:
    """Return the indicators in their order; one that is asked for twice stands once.

    Raises ``IndicatorError``, also for more than ``MAX_INDICATORS`` or parameters that add up to more than
    ``MAX_SUM``.
    """
    indicators = tuple(dict.fromkeys(parse_indicator(text, registry) for text in texts))
    if len(indicators) > MAX_INDICATORS:
        raise IndicatorError(f"{len(indicators)} indicators in one request, at most {MAX_INDICATORS} are allowed")
    total = sum(sum(indicator.params) for indicator in indicators)
    if total > MAX_SUM:
        raise IndicatorError(f"the indicators' parameters add up to {total:g}, at most {MAX_SUM} are allowed")
    return indicators


def parse_indicator(text: str, registry: IndicatorRegistry) -> Indicator:
    """Return the indicator that ``text`` names: a name, then parameters after colons. The last ones may be left
    out.
    """
    name, *given = text[: MAX_TEXT + 1].strip().lower().split(":")
    kind = registry.find(name)
    if kind is None:
        raise IndicatorError(_unknown(name, registry.names))
    if len(given) > len(kind.parameters):
        takes = ", ".join(parameter.name for parameter in kind.parameters) or "no parameters"
        raise IndicatorError(f'indicator "{text[:MAX_TEXT]}" has too many parameters; {name} takes {takes}')
    try:
        return Indicator(kind, _read_params(kind, given))
    except IndicatorError as error:
        raise IndicatorError(f'indicator "{text[:MAX_TEXT]}": {error}') from None


def _read_params(kind: type[IndicatorLine], given: list[str]) -> tuple[Number, ...]:
    defaults = [parameter.default for parameter in kind.parameters[len(given) :]]
    read = [_read(parameter, text) for parameter, text in zip(kind.parameters, given, strict=False)]
    params = (*read, *defaults)
    broken = kind.check(*params)
    if broken is not None:
        raise IndicatorError(broken)
    return params


def _read(parameter: Parameter, text: str) -> Number:
    name, _, least, most, is_integer = parameter
    if (_INTEGER if is_integer else _DECIMAL).fullmatch(text):
        number = int(text) if is_integer else float(text)
        if least <= number <= most:
            return number
    kind = "a whole number" if is_integer else "a number"
    raise IndicatorError(f'{name} "{text}" is not {kind} from {least} to {most}')


def _unknown(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return f'unknown indicator "{name[:MAX_TEXT]}"; {hint}known are {", ".join(names)}'
