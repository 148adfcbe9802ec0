"""Errors of calls as JSON clients are told them: one table from the number in an answer to a code and a sentence."""

from typing import NamedTuple

from tcelib.error import (
    NAMES,
    RPCERROR_CONNECT_FAILED,
    RPCERROR_CONNECT_REJECT,
    RPCERROR_CONNECT_UNREACHABLE,
    RPCERROR_CONNECTION_LOST,
    RPCERROR_INTERFACE_NOTFOUND,
    RPCERROR_REMOTE_EXCEPTION,
    RPCERROR_REMOTEMETHOD_EXCEPTION,
    RPCERROR_TIMEOUT,
    RPCERROR_UNSERIALIZE_FAILED,
)


class Failure(NamedTuple):
    """A code for programs and a sentence for people."""

    code: str
    message: str


_UNREACHABLE = Failure(
    "unreachable", "no service takes such calls now, or their queue cannot be reached; the call was not done"
)

FAILURES = {
    RPCERROR_TIMEOUT: Failure("timeout", "the service has not answered in time; the call may have been done"),
    RPCERROR_INTERFACE_NOTFOUND: Failure("not_served", "the service knows no such operation"),
    RPCERROR_UNSERIALIZE_FAILED: Failure("not_served", "the service reads other parameters: its IDL is another one"),
    RPCERROR_REMOTEMETHOD_EXCEPTION: Failure("failed", "the service failed on this call"),
    RPCERROR_REMOTE_EXCEPTION: Failure("failed", "the service failed on this call"),
    RPCERROR_CONNECT_UNREACHABLE: _UNREACHABLE,
    RPCERROR_CONNECT_FAILED: _UNREACHABLE,
    RPCERROR_CONNECT_REJECT: Failure("forbidden", "you may not do that"),
    RPCERROR_CONNECTION_LOST: Failure(
        "connection_lost", "the service or the queue is gone that had the call, which may have been done or not"
    ),
}
"""Numbers that answers carry. Any other one is ``failed``: a service may have made its own."""
UNSAYABLE = Failure("unsayable", "the call was done, and its result cannot be said in JSON")
"""Result with NaN, an infinity or a text that is no UTF-8, too long, or of another type than the IDL says."""


def failure_of(errcode: int) -> Failure:
    """Return what a client is told of an error."""
    known = FAILURES.get(errcode)
    return known or Failure("failed", f"the service failed on this call: {NAMES.get(errcode, f'error {errcode}')}")
