"""Python source as lines, laid out as a formatter would leave it."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

WIDTH = 118
STEP = "    "


def indented(lines: Iterable[str]) -> list[str]:
    return [STEP + line if line else line for line in lines]


def is_short(line: str, depth: int) -> bool:
    """Whether it may stay a line at ``depth``."""
    return depth * len(STEP) + len(line) <= WIDTH


def listed(opening: str, items: Sequence[str], closing: str, depth: int = 0) -> list[str]:
    """``opening`` and ``closing`` around ``items``: on one line where it fits at ``depth``, else an item on each."""
    line = f"{opening}{', '.join(items)}{closing}"
    if is_short(line, depth) or not items:
        return [line]
    return exploded(opening, items, closing)


def exploded(opening: str, items: Iterable[str], closing: str) -> list[str]:
    """The same with an item on each line."""
    return [opening, *(f"{STEP}{item}," for item in items), closing]


def tuple_of(items: Sequence[str]) -> str:
    """A tuple on one line."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


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
