"""RpcOperation: one operation of a route, as messages of the JSON protocol call it."""

from typing import Any

from rtserver.rpc.misfit import Misfit
from rtserver.rpc.parameter_reader import read_whole, reader_of
from rtserver.rpc.parameter_writer import fields_writer
from tcelib.tmake.model import Interface, Operation
from tcelib.wire.codec import read_void

DATA = "data"
"""First word of the path to a value."""


class RpcOperation:
    """``msg_type`` is the type of its messages; ``full_name`` is module.Interface.operation, as a policy knows it.

    ``route`` has both indexes, as in a packet. ``is_void``: there is no result.
    """

    __slots__ = ("_params", "_result", "count", "full_name", "is_void", "msg_type", "route")

    def __init__(self, msg_type: str, interface: Interface, operation: Operation) -> None:
        self.msg_type = msg_type
        self.full_name = f"{interface.full_name}.{operation.name}"
        self.route = interface.index << 16 | operation.index
        self.is_void = operation.is_void
        self.count = len(operation.params)
        self._params = fields_writer(operation.params)
        self._result = None if operation.result is None else reader_of(operation.result)

    def write_params(self, data: object) -> bytes:
        """Return the parameters that ``data`` names. Without parameters it may be null.

        Raises ``Misfit``, whose path begins with ``data``.
        """
        parts: list[bytes] = []
        try:
            self._params({} if data is None and not self.count else data, parts)
        except Misfit as misfit:
            misfit.within(DATA)
        return b"".join(parts)

    def read_result(self, params: bytes) -> Any:
        """Return the result as JSON says it; None if there is none. Raises ``DecodeError``."""
        return read_void(params) if self._result is None else read_whole(params, self._result)
