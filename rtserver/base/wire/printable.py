"""Text from outside as it may be shown: on a terminal, in a log, in a table. Pure.

Whatever steers a terminal or reorders what is read (control characters, escape sequences, marks of direction, line
separators, halves of surrogate pairs) is written as a backslash sequence. What is printable stays as it is.
"""


def printable(text: str) -> str:
    """``text`` on one line."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def printable_lines(text: str) -> str:
    """``text`` of several lines, each of them printable: for what is ours and only quotes what came from outside."""
    return "\n".join(map(printable, text.split("\n")))
