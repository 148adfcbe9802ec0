"""The rigs."""

import ssl
from collections.abc import Iterator
from typing import Any

import gevent.ssl
import pytest

from tcelib.transport import asyncio_tcp, asyncio_websocket, gevent_tcp, gevent_websocket
from tests.tcelib.transport.asyncio_rig import AsyncioRig
from tests.tcelib.transport.gevent_rig import GeventRig, QueueRig
from tests.tcelib.transport.rig import Rig

SOCKET_RIGS = (
    "asyncio_tcp",
    "asyncio_tls",
    "asyncio_websocket",
    "asyncio_wss",
    "gevent_tcp",
    "gevent_tls",
    "gevent_websocket",
    "gevent_wss",
)
QUEUE_RIGS = {"redis_mq": "mq", "redis_stream": "stream"}
RIGS = (*SOCKET_RIGS, *QUEUE_RIGS)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The rig that the test was parametrised with; it is closed, whatever the test has left open."""
    rig = _make_rig(request.param, request)
    yield rig
    rig.run(rig.servant.gate.set)
    rig.close()


def _make_rig(name: str, request: pytest.FixtureRequest) -> Any:
    if name in QUEUE_RIGS:
        return QueueRig(request.getfixturevalue("redis_url"), QUEUE_RIGS[name])
    home, _, kind = name.partition("_")
    module: Any = ssl if home == "asyncio" else gevent.ssl
    transports = {
        "asyncio": (asyncio_tcp, asyncio_websocket),
        "gevent": (gevent_tcp, gevent_websocket),
    }[home]
    transport = transports[kind in ("websocket", "wss")]
    make = AsyncioRig if home == "asyncio" else GeventRig
    if kind not in ("tls", "wss"):
        return make(transport)
    certificate = request.getfixturevalue("certificate")
    server_tls = module.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate)
    client_tls = module.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_tls.load_verify_locations(certificate)
    return make(transport, server_tls, client_tls)
