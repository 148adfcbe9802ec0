"""Options of a call beside its parameters, as TCE's users write them: its timeout, and its extra values."""

import math
from collections.abc import Mapping

from tcelib.error import RPCERROR_DATADIRTY, RpcException
from tcelib.wire.message import Extra

DEFAULT_CALL_TIMEOUT = 30.0
LONGEST = 1e9  # seconds, 32 years: what is longer is for ever, and may be too much for a clock


def call_options(timeout: object, extra: Extra | None) -> tuple[float | None, Extra | None]:
    """The timeout in seconds and the extra values that a proxy's method was given.

    None as the timeout means the connection's own, and so does 0. A mapping in the place of the timeout is taken as
    the extra values, because programs written for the original say ``prx.echo("hello", {"first": 1})``. Raises
    ``RpcException`` (DATADIRTY) for two mappings, a timeout that is no number, or extra values that are no mapping.
    """
    if extra is not None and not isinstance(extra, Mapping):
        raise RpcException(RPCERROR_DATADIRTY, f"extra values are a dict, not {extra!r}")
    if isinstance(timeout, Mapping):
        if timeout and extra:
            raise RpcException(RPCERROR_DATADIRTY, "extra values were given twice: in the place of the timeout, too")
        return None, timeout or extra
    if timeout is None:
        return None, extra
    if not isinstance(timeout, int | float) or timeout != timeout:  # noqa: PLR0124  so is NaN; isnan fails for long ones
        raise RpcException(RPCERROR_DATADIRTY, f"a timeout is a number of seconds, not {timeout!r}")
    return (math.inf if timeout > LONGEST else timeout) or None, extra
