"""Every transport passes the contract."""

import pytest

from tests.tcelib.transport.conftest import RIGS, SOCKET_RIGS
from tests.tcelib.transport.contract import CallContract, StreamContract


@pytest.mark.parametrize("rig", RIGS, indirect=True)
class TestCalls(CallContract):
    """Over sockets and queues."""


@pytest.mark.parametrize("rig", SOCKET_RIGS, indirect=True)
class TestStreams(StreamContract):
    """Over sockets."""
