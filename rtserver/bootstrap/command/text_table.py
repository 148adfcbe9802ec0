"""Table of plain text, for people at a terminal."""

from collections.abc import Collection, Iterator, Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int]) -> Iterator[str]:
    """Yield the lines of a table: the headings, and one for each row. The columns ``numbers`` are aligned to the
    right.
    """
    cells = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(padded).rstrip()
