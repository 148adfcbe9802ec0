"""JavaScript as text: lines of at most 120 columns, and comments that cannot be left from inside."""

from collections.abc import Iterable, Sequence

_WIDTH = 120


def indented(lines: Iterable[str], by: int = 2) -> list[str]:
    return [f"{' ' * by}{line}" if line else line for line in lines]


def listed(head: str, items: Sequence[str], tail: str, *, space: str = "", indent: int = 0) -> list[str]:
    """``head item, item tail`` in one line, or each item in one of its own. ``space`` is inside of the brackets."""
    if not items:
        return [f"{head}{tail}"]
    line = f"{head}{space}{', '.join(items)}{space}{tail}"
    if indent + len(line) <= _WIDTH:
        return [line]
    return [head, *indented(f"{item}," for item in items), tail]


def documented(lines: Sequence[str]) -> list[str]:
    """``lines`` as the comment of what follows; none if there are none."""
    safe = [line.replace("*/", "* /") for line in lines]
    match safe:
        case []:
            return []
        case [line]:
            return [f"/** {line} */"]
        case _:
            return ["/**", *(f" * {line}" if line else " *" for line in safe), " */"]
