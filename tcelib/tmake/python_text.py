"""Python source as lines, laid out as a formatter would leave it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TypeAlias

WIDTH = 118
STEP = "    "


def indented(lines: Iterable[str]) -> list[str]:
    return [STEP + line if line else line for line in lines]


def is_short(line: str, depth: int) -> bool:
    """Return true if it may stay a line at ``depth``."""
    return depth * len(STEP) + len(line) <= WIDTH


@dataclass(frozen=True, slots=True)
class Call:
    """An expression with items in brackets, where it may be broken into lines. ``str()`` of it is one line."""

    opening: str
    items: "tuple[Expression, ...]"
    closing: str = ")"

    def __str__(self) -> str:
        return f"{self.opening}{', '.join(map(str, self.items))}{self.closing}"


Expression: TypeAlias = str | Call


def listed(opening: str, items: Sequence[Expression], closing: str, depth: int = 0) -> list[str]:
    """``opening`` and ``closing`` around ``items``: on one line where it fits at ``depth``, else an item on each."""
    line = str(Call(opening, tuple(items), closing))
    if is_short(line, depth) or not items:
        return [line]
    return exploded(opening, items, closing, depth)


def exploded(opening: str, items: Iterable[Expression], closing: str, depth: int = 0) -> list[str]:
    """The same with an item on each line."""
    inner = (expressed("", item, ",", depth + 1) for item in items)
    return [opening, *indented(line for lines in inner for line in lines), closing]


def expressed(before: str, expression: Expression, after: str, depth: int) -> list[str]:
    """``before``, the expression and ``after``, on as many lines as it takes."""
    if isinstance(expression, str):
        return [f"{before}{expression}{after}"]
    return listed(f"{before}{expression.opening}", expression.items, f"{expression.closing}{after}", depth)


def tuple_of(items: Sequence[Expression]) -> str:
    """A tuple on one line."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(map(str, items))})"


def docstring(sentence: str, comment: str = "", depth: int = 1) -> list[str]:
    """``sentence`` as a docstring, and ``comment`` below it if there is any."""
    width = WIDTH - depth * len(STEP) - len('""""""')
    if not comment and len(sentence) <= width:
        return [f'"""{sentence}"""']
    paragraphs = [wrap(_escaped(text), width) for text in (sentence, comment) if text.strip()]
    lines = [line for paragraph in paragraphs for line in ("", *paragraph)][1:]
    return [f'"""{lines[0]}', *lines[1:], '"""'] if len(lines) > 1 else [f'"""{lines[0]}"""']


def _escaped(text: str) -> str:
    """``text`` as it may stand in a docstring."""
    return "".join(
        character
        if character.isprintable() and character != "\\"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
