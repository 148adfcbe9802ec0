"""IndicatorRegistry: the indicators that a server knows, by name: the built-in ones and those of plug-ins."""

import re
from collections.abc import Iterable
from typing import Any, get_args

from rtserver.market.indicator.built_in import BUILT_IN
from rtserver.market.indicator.indicator_line import MAX_PARAMETER, IndicatorLine, Kind, Parameter

MOST_OUTPUTS = 8
"""A row with as many cells for each of its indicators still fits into the smallest frame of an update, 4 KiB."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
_SUFFIX = re.compile(r"(/[a-z][a-z0-9_]{0,15})?")


class IndicatorClassError(ValueError):
    """A class that cannot be an indicator. ``str`` of it names the class and the fault."""


class IndicatorRegistry:
    """The known indicators. ``plugins`` are added to the built-in ones; none of them may have the name of another.

    Raises ``IndicatorClassError``.
    """

    def __init__(self, plugins: Iterable[type[IndicatorLine]] = ()) -> None:
        self.plugins = tuple(dict.fromkeys(plugins))
        self._kinds: dict[str, type[IndicatorLine]] = {}
        for kind in (*BUILT_IN, *self.plugins):
            fault = _fault_of(kind)
            if fault is not None:
                raise IndicatorClassError(f"indicator {_path(kind)}: {fault}")
            other = self._kinds.setdefault(kind.name, kind)
            if other is not kind:
                raise IndicatorClassError(f"{_path(other)} and {_path(kind)} are both named {kind.name!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all indicators, the built-in ones first."""
        return tuple(self._kinds)

    def find(self, name: str) -> type[IndicatorLine] | None:
        """Return the indicator of a name, or None."""
        return self._kinds.get(name)

    def describe(self) -> list[dict[str, Any]]:
        """Return each indicator as plain data: name, title, parameters with defaults and bounds, outputs."""
        return [
            {
                "name": kind.name,
                "title": kind.title or kind.name,
                "parameters": [_described(parameter) for parameter in kind.parameters],
                "outputs": [output._asdict() for output in kind.outputs],
            }
            for kind in self._kinds.values()
        ]


def _described(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "default": parameter.default,
        "min": parameter.least,
        "max": parameter.most,
        "integer": parameter.is_integer,
    }


def _fault_of(kind: type[IndicatorLine]) -> str | None:
    """Return the reason why a class cannot be an indicator, or None."""
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"its name {name!r} is not a lower-case letter and up to 15 letters, digits or underscores"
    return _fault_of_outputs(kind) or _fault_of_parameters(kind) or _fault_of_line(kind)


def _fault_of_outputs(kind: type[IndicatorLine]) -> str | None:
    outputs = kind.outputs
    if not 1 <= len(outputs) <= MOST_OUTPUTS:
        return f"it has {len(outputs)} outputs; from 1 to {MOST_OUTPUTS} are allowed"
    suffixes = [output.suffix for output in outputs]
    if len(set(suffixes)) < len(suffixes):
        return "two of its outputs have the same suffix"
    for suffix, axis, drawn in outputs:
        if not _SUFFIX.fullmatch(suffix):
            return f'the suffix {suffix!r} of an output is neither empty nor "/" and a name'
        if not _NAME.fullmatch(axis):
            return f"the axis {axis!r} of an output is no name"
        if drawn not in get_args(Kind):
            return f"the kind {drawn!r} of an output is not one of {', '.join(get_args(Kind))}"
    return None


def _fault_of_parameters(kind: type[IndicatorLine]) -> str | None:
    for name, default, least, most, _ in kind.parameters:
        if not 0 <= least <= default <= most <= MAX_PARAMETER:
            order = f"{least} <= {default} <= {most}"
            return f"least <= default <= most of its {name} is not true within 0 and {MAX_PARAMETER}: {order}"
    try:
        return kind.check(*(parameter.default for parameter in kind.parameters))
    except Exception as error:  # noqa: BLE001 (a plug-in's code: its fault is the answer)
        return f"check of its defaults fails: {error!r}"


def _fault_of_line(kind: type[IndicatorLine]) -> str | None:
    try:
        kind(*(parameter.default for parameter in kind.parameters))
    except Exception as error:  # noqa: BLE001 (a plug-in's code: its fault is the answer)
        return f"it cannot be made with its defaults: {error!r}"
    return None


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
