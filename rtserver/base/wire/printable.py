"""Text from outside, made safe for terminals, logs and tables. Pure.

Characters that steer a terminal or reorder text (control characters, escape sequences, marks of direction, line
separators, halves of surrogate pairs) become backslash sequences. Printable text stays as it is.
"""


def printable(text: str) -> str:
    """Return ``text`` on one line."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def printable_lines(text: str) -> str:
    """Return ``text`` with its lines kept and each of them printable: for our own text that quotes foreign text."""
    return "\n".join(map(printable, text.split("\n")))
