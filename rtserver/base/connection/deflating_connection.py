"""A connection whose client inflates (permessage-deflate, RFC 7692). It keeps nothing: see ``wire/deflate.py``."""

from rtserver.base.connection.websocket import WebSocketConnection
from rtserver.base.wire.deflate import deflated_text_frame
from rtserver.base.wire.payload import Framing


class DeflatingConnection(WebSocketConnection):
    """A WebSocket that takes compressed messages, and may send them."""

    __slots__ = ()

    framing: Framing = staticmethod(deflated_text_frame)
    inflates = True
    kind = "websocket, deflated"
