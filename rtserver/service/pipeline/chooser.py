"""Chooser: what a lane does with the messages of a handler that sets aside what nobody on its worker waits for.

Pure. What was wanted when it was read may not be when its turn comes, and the other way round; the turn counts. So a
handler gets all its messages in the order of the bus, opened or not.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from rtserver.base.queue.port import Entry
from rtserver.service.message import Rejected, ServiceMessage
from rtserver.service.pipeline.handler_call import HandlerCall
from rtserver.service.selective import Reopened, SelectiveMsgHandler

_NOTHING = msgspec.Raw(b"null")


class Chooser:
    """The chooser of one handler, whose messages ``call`` handles.

    ``unopened`` stands for each message that is not decoded. ``decode`` returns the message of an entry or raises
    ``Rejected``; ``reject`` makes a dead letter; ``is_poison`` says whether an entry, by its id, must not be touched.
    """

    def __init__(
        self,
        handler: SelectiveMsgHandler,
        call: HandlerCall,
        *,
        decode: Callable[[Entry], ServiceMessage],
        reject: Callable[[Entry, Rejected], None],
        is_poison: Callable[[str], bool],
    ) -> None:
        self.handler = handler
        self.unopened = ServiceMessage(handler.msg_type, "", _NOTHING)
        self._types = (b"", handler.msg_type.encode())
        self._call = call
        self._decode = decode
        self._reject = reject
        self._is_poison = is_poison

    def act(self, entry: Entry, message: ServiceMessage) -> None:
        """Have a message handled, or set aside if it is not wanted now. Raises what ``HandlerCall.run`` raises."""
        handler = self.handler
        if message is not self.unopened:
            if not (entry.to and handler.is_choosing) or handler.wants(entry):
                handler.entry = entry
                self._call.run(entry, message)
                return
        elif not handler.is_choosing or handler.wants(entry):
            handler.take_late(entry)
            return
        handler.set_aside(entry)

    def is_wanted(self, entry: Entry, message: ServiceMessage | Rejected) -> bool:
        """Return whether somebody on this worker waits for a message of this handler, whether it chooses or not."""
        return message is not self.unopened and self.handler.wants(entry)

    def reopen(
        self,
        find_repeats: Callable[[Iterable[tuple[Entry, ServiceMessage]]], Collection[str]],
        entries: Sequence[Entry],
        read: Callable[[Entry, Any], Any],
    ) -> list[Reopened]:
        """See ``Reopen``. ``find_repeats`` returns the ids of the entries to leave out, and may wait."""
        opened = []
        for entry in entries:
            try:
                if entry.type in self._types and not self._is_poison(entry.id):
                    opened.append((entry, self._decode(entry)))
            except Rejected as rejected:
                self._reject(entry, rejected)
        opened = [pair for pair in opened if pair[1].type == self.handler.msg_type]
        repeats = find_repeats(opened)
        reopened = []
        for entry, message in opened:
            try:
                if entry.id not in repeats:
                    data, found = self._call.read(message, partial(read, entry))
                    reopened.append(Reopened(entry, message.src, data, found))
            except Rejected as rejected:
                self._reject(entry, rejected)
        return reopened
