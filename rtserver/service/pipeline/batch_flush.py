"""BatchFlush: flushes of one lane's batches, each in two halves, between which the lane hands over the next batch.

Pure. At most one flush is under way. What hangs on a batch waits for the second half: it counts as handled, its
offsets move on and its mark goes; or, if one of the halves fails, it becomes dead letters.
"""

from collections.abc import Callable, Sequence
from functools import partial

from rtserver.base.mark.port import Mark
from rtserver.base.queue.port import Entry
from rtserver.service.message import Rejected, ServiceMessage
from rtserver.service.pipeline.handler_call import HandlerCall


class BatchFlush:
    """Flush of one lane. ``handled`` counts messages that went through.

    ``behind`` is the offset before the batch whose flush is under way; None if none is.
    """

    def __init__(self, call: HandlerCall, mark: Mark, reject: Callable[[Entry, Rejected], None]) -> None:
        self._call = call
        self._mark = mark
        self._reject = reject
        self._batch: Sequence[tuple[Entry, ServiceMessage]] = ()
        self._deaths = 0
        self._end: Callable[[], object] | None = None
        self.behind: str | None = None
        self.handled = 0

    def begin(self, batch: Sequence[tuple[Entry, ServiceMessage]], behind: str, deaths: int) -> None:
        """End the flush under way, then begin that of a batch, whose first entry is the next one behind ``behind``.

        Raises what is no verdict on a batch, as ``HandlerCall.flush`` does. Then the flush counts as under way.
        """
        self.end()
        self._batch, self.behind, self._deaths = batch, behind, deaths
        self._set_mark()
        self._end = self._take_step(self._call.begin_flush)
        if self._end is None:
            self._settle()

    def end(self) -> None:
        """End the flush under way, if there is one. Raises as ``begin`` does."""
        if (end := self._end) is not None:
            self._set_mark()  # the entry that is marked is of the next batch
            self._take_step(partial(self._call.end_flush, end))
            self._settle()

    def forget(self) -> None:
        """Forget the flush under way: its batch is handed over once more."""
        self._batch, self.behind, self._end = (), None, None

    def _take_step(self, step: Callable[[], Callable[[], object] | None]) -> Callable[[], object] | None:
        """Take one half, and return what it returns; None if it fails, which rejects the batch."""
        try:
            return step()
        except Rejected as rejected:
            for entry, message in self._batch:
                self._reject(entry, rejected.of(message.src))
            self._batch = ()
            return None
        except BaseException:
            self._mark.clear()
            raise

    def _set_mark(self) -> None:
        if self._batch:
            self._mark.set_range(self._batch[0][0].id, self._batch[-1][0].id, self._deaths)

    def _settle(self) -> None:
        self.handled += len(self._batch)
        self.forget()
        self._mark.clear()
