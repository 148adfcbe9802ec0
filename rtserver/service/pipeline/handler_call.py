"""HandlerCall: decodes a message's data into the handler's own shape, calls the handler, and rejects what fails.

A handler may reject a part of a message, which becomes a dead letter of its own.

Pure. An exception of the handler, whatever it is, costs this one message, unless the server's own stop raised it.
"""

import logging
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec

from rtserver.base.failure.containment import describe, is_stop, text_of
from rtserver.base.queue.port import Entry, QueueError
from rtserver.base.wire import json
from rtserver.service.message import BadData, Reason, Rejected, ServiceMessage, rejection_of
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.dead_letter import DeadLetters

T = TypeVar("T")
log = logging.getLogger(__name__)


class HandlerCall:
    """Calls one handler. ``is_ending()`` is true if the queue may take no more because the server goes down."""

    def __init__(self, handler: ServiceMsgHandler, is_ending: Callable[[], bool], dead_letters: DeadLetters) -> None:
        self._handler = handler
        self._dead_letters = dead_letters
        self._is_ending = is_ending
        # Most handlers do not: this saves a call for every message.
        self._wants_id = type(handler).handle is not ServiceMsgHandler.handle
        self._decode = msgspec.json.Decoder[object](handler.data_type).decode

    def run(self, entry: Entry, message: ServiceMessage) -> None:
        """Have one message handled. Raises ``Rejected``: ``BAD_DATA``, ``BAD_JSON``, or ``HANDLER_FAILED`` with its
        cause.

        Lets a ``StopRequest`` pass, and a ``QueueError`` at the server's end as ``flush`` does.
        """
        src = message.src
        try:
            data = self._decode(message.data)
        except BaseException as error:  # noqa: BLE001 (a shape may have code of its own)
            self._refuse(error, message)
        try:
            if self._wants_id:
                self._handler.handle(entry.id, src, data)
            else:
                self._handler(src, data)
        except BaseException as error:  # noqa: BLE001 (so may the handler)
            self._reject(error, message)
        if self._handler.rejected_parts:
            self._bury_parts(entry, message)

    def read(self, message: ServiceMessage, check: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return a message's data in the handler's own shape, and ``check`` of it, without handling it.

        Raises as ``run`` does, and so may ``check``.
        """
        try:
            data = self._decode(message.data)
            return data, check(data)
        except BaseException as error:  # noqa: BLE001 (see ``run``)
            self._refuse(error, message)

    def flush(self, src: str = "") -> None:
        """Have the handler flush. Raises ``Rejected`` with its cause, as ``run`` does; ``src`` is its producer.

        At the server's end it lets a ``QueueError`` pass as well: the queue takes no more, and the next start does
        it.
        """
        end = self._guard_flush(self._handler.begin_flush, src)
        if end is not None:
            self._guard_flush(end, src)

    def begin_flush(self) -> Callable[[], object] | None:
        """Have the handler begin to flush, and return what ends it, if it has not ended. Raises as ``flush`` does."""
        return self._guard_flush(self._handler.begin_flush)

    def end_flush(self, end: Callable[[], object]) -> None:
        """End a flush that was begun. Raises as ``flush`` does.

        The handler forgets nothing: what it has collected by now belongs to the next batch.
        """
        self._guard_flush(end, forgets=False)

    def forget(self) -> None:
        """Have the handler drop what it has collected: it must not go out with later messages."""
        try:
            self._handler.forget()
        except BaseException as error:
            if is_stop(error):
                raise
            log.exception("! %s: forget failed", self._handler.msg_type)

    def _guard_flush(self, flush: Callable[[], T], src: str = "", *, forgets: bool = True) -> T:
        try:
            return flush()
        except BaseException as error:
            if self._is_end(error):
                raise
            if forgets:
                self.forget()
            raise Rejected(Reason.HANDLER_FAILED, f"flush: {describe(error)}", src) from error

    def _bury_parts(self, entry: Entry, message: ServiceMessage) -> None:
        parts = self._handler.rejected_parts
        for part in parts:
            rejected = Rejected(part.reason, part.detail, message.src)
            self._dead_letters.add_part(entry, rejected, message.type, part.data)
        parts.clear()

    def _is_end(self, error: BaseException) -> bool:
        """Return True for an error that is no verdict on a message: the server goes down."""
        return is_stop(error) or (isinstance(error, QueueError) and self._is_ending())

    def _refuse(self, error: BaseException, message: ServiceMessage) -> NoReturn:
        """Reject a message whose data could not be decoded."""
        if isinstance(error, json.DECODER_ERRORS):
            raise rejection_of(message.data, json.error_of(error), Reason.BAD_DATA, message.src) from None
        self._reject(error, message)

    def _reject(self, error: BaseException, message: ServiceMessage) -> NoReturn:
        self._handler.rejected_parts.clear()
        if self._is_end(error):
            raise error
        if issubclass(type(error), BadData):  # an exception may lie about its class
            raise Rejected(Reason.BAD_DATA, text_of(error), message.src) from None
        raise Rejected(Reason.HANDLER_FAILED, describe(error), message.src) from error
