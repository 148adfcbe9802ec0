"""A connection whose client inflates (permessage-deflate, RFC 7692). It keeps nothing: see ``wire/deflate.py``."""

from rtserver.base.payload import Framing
from rtserver.base.websocket_connection import WebSocketConnection
from rtserver.base.wire.deflate import deflated_text_frame


class DeflatingConnection(WebSocketConnection):
    """A WebSocket that takes compressed messages, and may send them."""

    __slots__ = ()

    framing: Framing = staticmethod(deflated_text_frame)
    inflates = True
    kind = "websocket, deflated"
