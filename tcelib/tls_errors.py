"""Keeps the error of one TLS connection from being blamed on another of the same thread.

OpenSSL queues the errors of a thread, and takes from the queue what it says of a call that failed. Since OpenSSL 3.4
the system's errors, such as EPIPE, are in it, too, and Python leaves them there (CPython's gh-81891). The next
connection that only has to wait, for the rest of a record or for room, would be told that its pipe is broken.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Any

WAITING = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
CALLS = ("do_handshake", "read", "send", "unwrap", "write")
"""The methods by which all others of a TLS socket, Python's or gevent's, come to OpenSSL."""
MARK = "leaves_no_errors"

_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def empty_queue() -> None:
    """Forget the errors of this thread."""
    with suppress(ssl.SSLError):  # Python has no call for it, but empties the queue when it refuses these
        _nobody.set_ciphers("")


def keep_apart(context: ssl.SSLContext) -> None:
    """Have the sockets that the context makes from now on, Python's or gevent's, leave no error to others."""
    base: Any = context.sslsocket_class
    if not getattr(base, MARK, False):
        context.sslsocket_class = _emptying_class(base)


@lru_cache
def _emptying_class(base: Any) -> Any:
    return type(base.__name__, (base,), {MARK: True, **{name: _emptying(getattr(base, name)) for name in CALLS}})


def _emptying(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def emptying(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except WAITING:
            raise
        except OSError:
            empty_queue()
            raise

    return emptying
