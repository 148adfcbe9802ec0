"""Text from outside as it may be shown: on a terminal, in a log, in a table. Pure.

Whatever steers a terminal or reorders what is read (control characters, escape sequences, marks of direction, line
separators, halves of surrogate pairs) is written as a backslash sequence. What is printable stays as it is.
"""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """``text`` on one line."""
    return text if text.isprintable() else "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    """``text`` of several lines, each of them printable: for what is ours and only quotes what came from outside."""
    return "\n".join(map(printable, text.split("\n")))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    number = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
