"""Choice of the way to send, made once when a server starts."""

from importlib import import_module

from rtserver.base.send.plain import PLAIN
from rtserver.base.send.port import Sender

NATIVE = "rtserver.base.send.native"


def choose_sender(name: str = NATIVE) -> Sender:
    """Return the way of the compiled module ``name``, or the one in Python where that cannot be imported."""
    try:
        native = import_module(name)
    except ImportError:
        return PLAIN
    return Sender(native.send_each, "compiled: one call for all sockets of a flush")
