"""Strings of JSON, left out without decoding it. Pure.

Right as far as a decoder would get: outside of strings a backslash is an error that ends it.
"""


def without_escapes(raw: bytes) -> bytes:
    """``raw`` without escaped backslashes and quotes: every quote that is left begins or ends a string."""
    # The first leaves no backslash that is escaped itself.
    return raw.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in raw else raw


def outside_strings(raw: bytes) -> bytes:
    """What stands outside of strings, with a quote where each of them was."""
    return b'"'.join(without_escapes(raw).split(b'"')[::2])
