"""ResumeService: answers agents that ask for kept messages, and notes what users have seen.

It works in the order in which messages come, so that a client that asks again finds noted what it saw before. It has
a loop of its own, because it waits for the queue: a queue that is away holds up no other loop.
"""

import logging
from collections import deque
from collections.abc import Callable

from rtserver.base.bridge.message import Message, PushBegins, Refused, Replay, Resume, Seen
from rtserver.base.failure.containment import is_stop
from rtserver.base.queue.port import QueueError, QueueRefusedError
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.wait import Event

log = logging.getLogger(__name__)


class ResumeService:
    """``awake`` is the event that the loop sleeps on, ``post`` puts a message on the bridge to the websocket
    thread.
    """

    def __init__(self, streams: UserStreams, post: Callable[[Message], object], awake: Event) -> None:
        self._streams = streams
        self._post = post
        self._awake = awake
        self._waiting: deque[Resume | Seen] = deque()
        self._is_finishing = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, message: Resume | Seen) -> None:
        """Take a message. Never waits."""
        self._waiting.append(message)
        self._awake.set()

    def run(self) -> None:
        """Post where pushes begin, then handle messages. Returns when finished. To be started after the lanes have
        begun.
        """
        self._post(PushBegins(self._streams.begins_at))
        while True:
            self._awake.clear()
            while self._waiting:
                self._handle(self._waiting.popleft())
            if self._is_finishing:
                return
            self._awake.wait()

    def finish(self) -> None:
        """Make ``run`` return when everything is done: no more messages come."""
        self._is_finishing = True
        self._awake.set()

    def _handle(self, message: Resume | Seen) -> None:
        try:
            if isinstance(message, Resume):
                self._post(self._answer(message))
            else:
                self._streams.see(self._all_seen(message))
        except QueueRefusedError as error:
            log.error("! the messages kept for a user cannot be read: %s", error)
            self._refuse(message)
        except QueueError:
            raise
        except BaseException as error:
            if is_stop(error):
                raise
            log.exception("! a %s failed", type(message).__name__)
            self._refuse(message)

    def _all_seen(self, message: Seen) -> dict[str, str]:
        """Return the offsets of a message and of all like it right behind it: a thousand closing pages send one
        each.
        """
        offsets = dict(message.offsets)
        while self._waiting and isinstance(self._waiting[0], Seen):
            offsets |= dict(self._waiting.popleft().offsets)  # type: ignore[union-attr]
        return offsets

    def _answer(self, question: Resume) -> Replay:
        until = question.until or self._streams.begins_at
        portion = self._streams.read(question.user_id, question.after, until)
        entries = portion.entries
        return Replay(
            question.agent,
            question.ref,
            tuple(entry.raw for entry in entries),
            portion.after,
            until,
            portion.is_all,
            entries[0].id if entries else None,
            portion.gone,
        )

    def _refuse(self, message: Resume | Seen) -> None:
        if isinstance(message, Resume):
            self._post(Refused(message.agent, message.ref, "internal", "what was kept cannot be read"))
