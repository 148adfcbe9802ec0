"""From a message to its handler: the data in the handler's own shape, and what went wrong as a rejection.

Pure. Decides what a handler's exception means.
"""

import msgspec

from rtserver.base.wire import json
from rtserver.service.message import BadData, Reason, Rejected, ServiceMessage, rejection_of
from rtserver.service.msg_handler import ServiceMsgHandler


class HandOver:
    """To one handler."""

    def __init__(self, handler: ServiceMsgHandler) -> None:
        self._handler = handler
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(handler.data_type)

    def __call__(self, message_id: str, message: ServiceMessage) -> None:
        """Have it handled. Raises ``Rejected``: ``BAD_DATA``, ``BAD_JSON``, or ``HANDLER_FAILED`` with its cause."""
        src = message.src
        try:
            data = json.decode(message.data, self._decoder)
        except json.JsonError as error:
            raise rejection_of(message.data, error, Reason.BAD_DATA, src) from None
        try:
            self._handler.handle(message_id, src, data)
        except BadData as error:
            raise Rejected(Reason.BAD_DATA, str(error), src) from None
        except Exception as error:
            raise Rejected(Reason.HANDLER_FAILED, f"{type(error).__name__}: {error}", src) from error
