"""Table of close codes for Python and JavaScript: the number says what the client does next.

1000 to 1015 are RFC 6455, section 7.4.1. After 4000 to 4099 a client does not come back, but for 4009, after
which it tries once more; after 4100 to 4199 it comes back with backoff.
``python -m rtserver.base.wire.close_code`` prints the browser's copy (``site/static/js/rtc/codes.js``), so that
neither side keeps numbers of its own.
"""

from enum import IntEnum


class CloseCode(IntEnum):
    """Close codes that rtserver uses by name."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    NOT_LOGGED_IN = 4001
    KICKED = 4003
    SESSION_CLOSED = 4009
    DRAINING = 4101
    TOO_SLOW = 4108
    TOO_MANY = 4129


def may_be_sent(code: int) -> bool:
    """Return whether an endpoint may put ``code`` into a close frame (RFC 6455, section 7.4, and IANA)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def may_reconnect(code: int) -> bool:
    """Return whether a client that was closed with ``code`` should come back by itself, with backoff."""
    return not (code == CloseCode.NORMAL or 4000 <= code <= 4099)


def as_javascript() -> str:
    """Return the table and its rule as an ES module."""
    rows = "".join(f"  {code.name}: {code.value},\n" for code in CloseCode)
    return (
        "// Made by `make codes` from rtserver/base/wire/close_code.py; a test compares the two.\n\n"
        "/** The close codes that rtserver knows by name. */\n"
        f"export const CloseCode = Object.freeze({{\n{rows}}});\n\n"
        "/**\n"
        " * Whether a client that was closed with `code` should come back by itself, with backoff.\n"
        " * @param {number} code\n"
        " * @returns {boolean}\n"
        " */\n"
        "export function mayReconnect(code) {\n"
        "  return !(code === CloseCode.NORMAL || (code >= 4000 && code <= 4099));\n"
        "}\n\n"
        "/**\n"
        " * Whether a client with a cookie tries once more after `code`: the site may have renewed the key.\n"
        " * @param {number} code\n"
        " * @returns {boolean}\n"
        " */\n"
        "export function mayTryOnce(code) {\n"
        "  return code === CloseCode.SESSION_CLOSED;\n"
        "}\n"
    )


if __name__ == "__main__":
    print(as_javascript(), end="")  # noqa: T201 (printing is what it is called for)
