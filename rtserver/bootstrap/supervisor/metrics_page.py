"""Metrics of all workers on one page, in Prometheus's text format. Pure.

Each sample of a worker gets the label ``worker``, its position. What is told once of a metric stands once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class _Family:
    """Help and type of one metric, and the samples of all workers."""

    head: dict[str, None] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)


def merge(own: str, pages: Mapping[int, str]) -> str:
    """Return one page of the supervisor's ``own`` metrics and the ``pages`` of the workers by their positions."""
    families: dict[str, _Family] = {}
    _add(families, own.splitlines())
    for position, page in pages.items():
        _add(families, (_labelled(line, position) for line in page.splitlines()))
    lines = (line for family in families.values() for line in (*family.head, *family.samples))
    return "".join(f"{line}\n" for line in lines)


def gauge(name: str, text: str, value: float | Mapping[int, float]) -> str:
    """Return a metric of the supervisor's own: one number, or one for each position."""
    return _metric("gauge", name, text, value)


def counter(name: str, text: str, value: Mapping[int, float]) -> str:
    """Return a metric that only grows; its name ends with ``_total``."""
    return _metric("counter", name, text, value)


def _metric(kind: str, name: str, text: str, value: float | Mapping[int, float]) -> str:
    samples = {f'{{worker="{each}"}}': n for each, n in value.items()} if isinstance(value, Mapping) else {"": value}
    lines = (f"{name}{label} {number}\n" for label, number in samples.items())
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n{''.join(lines)}"


def _add(families: dict[str, _Family], lines: Iterable[str]) -> None:
    family = _Family()
    for line in lines:
        if line.startswith("# "):
            family = families.setdefault(line.split(" ")[2], _Family())
            family.head[line] = None
        elif line:
            family.samples.append(line)


def _labelled(line: str, position: int) -> str:
    """Return a sample with one label more; lines of help and type as they are."""
    if not line or line.startswith("#"):
        return line
    name, brace, rest = line.partition("{")
    label = f'worker="{position}"'
    if brace and " " not in name:
        return f"{name}{{{label},{rest}" if not rest.startswith("}") else f"{name}{{{label}{rest}"
    name, _, value = line.partition(" ")
    return f"{name}{{{label}}} {value}"
