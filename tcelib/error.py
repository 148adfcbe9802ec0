"""Errors, as classes and as numbers (TCE protocol, section 2.7).

    Exception
    ├── RpcException       a call that did not work out: ``errcode`` is one of the RPCERROR_* below
    └── WireError          bytes that cannot be understood
        ├── PacketError    the stream is lost: nobody knows where the next packet begins, so the connection is closed
        └── DecodeError    one message or value is bad: it alone is refused

The numbers from 1 to 8 may travel in any answer; those from 101 on are made by the side that could not send, and
travel in answers from a queue: CONNECTION_LOST where the service is gone that had taken the call.
"""

RPCERROR_SUCC = 0
RPCERROR_SENDFAILED = 1
RPCERROR_TIMEOUT = 2
RPCERROR_DATADIRTY = 3
RPCERROR_INTERFACE_NOTFOUND = 4  # an unknown operation, too
RPCERROR_UNSERIALIZE_FAILED = 5
RPCERROR_REMOTEMETHOD_EXCEPTION = 6
RPCERROR_DATA_INSUFFICIENT = 7
RPCERROR_REMOTE_EXCEPTION = 8
RPCERROR_CONNECT_UNREACHABLE = 101
RPCERROR_CONNECT_FAILED = 102
RPCERROR_CONNECT_REJECT = 103
RPCERROR_CONNECTION_LOST = 104
RPCERROR_INTERNAL_EXCEPTION = 105

NAMES = {number: name for name, number in tuple(globals().items()) if name.startswith("RPCERROR_")}


class RpcException(Exception):  # noqa: N818  the name that TCE's users know
    """A call failed. ``errcode`` says how, ``errmsg`` adds words, ``data`` is an object of the raiser."""

    def __init__(self, errcode: int, errmsg: str = "", data: object = None) -> None:
        super().__init__(errcode, errmsg, data)
        self.errcode = errcode
        self.errmsg = errmsg
        self.data = data

    def what(self) -> str:
        """The symbolic name of the number, and behind it the words if there are any."""
        name = NAMES.get(self.errcode, "Undefined Error")
        return f"{name}: {self.errmsg}" if self.errmsg else name

    def for_one_more(self) -> "RpcException":
        """The same failure for one more call: an exception of its own, whose cause is this one.

        An exception that several callers raise collects the tracebacks of all of them.
        """
        failure = RpcException(self.errcode, self.errmsg, self.data)
        failure.__cause__ = self
        return failure

    def __str__(self) -> str:
        name = NAMES.get(self.errcode, f"error {self.errcode}")
        return f"{name}: {self.errmsg}" if self.errmsg else name


class WireError(Exception):
    """Bytes that cannot be understood."""


class PacketError(WireError):
    """Bad magic, a size out of bounds, or a body that does not inflate: the connection must be closed."""


class DecodeError(WireError):
    """A message or a value that is cut, too long, or counts more than there is."""
