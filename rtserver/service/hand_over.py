"""From a message to its handler: the data in the handler's own shape, and what went wrong as a rejection.

Pure. Decides what a handler's exception means.
"""

import msgspec

from rtserver.base.queue_port import Entry
from rtserver.base.wire import json
from rtserver.service.message import BadData, Reason, Rejected, ServiceMessage, rejection_of
from rtserver.service.msg_handler import ServiceMsgHandler


class HandOver:
    """To one handler."""

    def __init__(self, handler: ServiceMsgHandler) -> None:
        self._handler = handler
        # Most do not: a call less for every message.
        self._wants_id = type(handler).handle is not ServiceMsgHandler.handle
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(handler.data_type)

    def do(self, entry: Entry, message: ServiceMessage) -> None:
        """Have it handled. Raises ``Rejected``: ``BAD_DATA``, ``BAD_JSON``, or ``HANDLER_FAILED`` with its cause."""
        src = message.src
        try:
            data = json.decode(message.data, self._decoder)
        except json.JsonError as error:
            raise rejection_of(message.data, error, Reason.BAD_DATA, src) from None
        try:
            if self._wants_id:
                self._handler.handle(entry.id, src, data)
            else:
                self._handler(src, data)
        except BadData as error:
            raise Rejected(Reason.BAD_DATA, str(error), src) from None
        except Exception as error:
            raise Rejected(Reason.HANDLER_FAILED, f"{type(error).__name__}: {error}", src) from error
