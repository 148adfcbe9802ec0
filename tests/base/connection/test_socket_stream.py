"""A socket on the event loop, without a loop: when it waits for its user's turn."""

import asyncio
import ssl
from collections.abc import Callable
from unittest.mock import Mock

from rtserver.base.connection.read_set import ReadSet
from rtserver.base.connection.receiver import Receiver
from rtserver.base.connection.socket_stream import SocketStream, StreamOwner
from rtserver.base.limit.cpu_quota import FairShare, ProcessorClock, cpu_rate


def test_a_socket_that_waits_for_its_turn_waits_once() -> None:
    timers: list[Callable[[], object]] = []
    share = FairShare(
        "7", cpu_rate(0.1), ProcessorClock(lambda: 0.0, lambda: 0.0), lambda _, go_on: timers.append(go_on)
    )
    share.charge(1.0)
    assert share.is_owing
    loop, readers, connection = Mock(asyncio.AbstractEventLoop), Mock(ReadSet), Mock(ssl.SSLSocket)
    connection.pending.return_value = 100  # decrypted already
    stream = SocketStream(loop, readers, connection, Mock(Receiver), Mock(StreamOwner))
    stream.share = share
    stream.resume()
    [(_, readable)] = [call.args for call in readers.add.call_args_list]
    [(read_decrypted,)] = [call.args for call in loop.call_soon.call_args_list]
    readable.on_readable()  # more has come, too: both in one turn of the loop
    read_decrypted()
    assert (len(share), stream.is_waiting) == (1, True)
