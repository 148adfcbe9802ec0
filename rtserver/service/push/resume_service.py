"""ResumeService: answers agents that ask for kept messages, and notes what users have seen.

It works in the order in which messages come, so that a client that asks again finds noted what it saw before. It has
a loop of its own, because it waits for the queue: a queue that is away holds up no other loop.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rtserver.base.bridge.message import Message, PushBegins, Refused, Replay, Resume, Seen
from rtserver.base.failure.containment import is_stop
from rtserver.base.queue.port import QueueError, QueueRefusedError, order_of
from rtserver.service.push.user_streams import Portion, Question, Unkept, UserStreams
from rtserver.service.wait import Event

MOST_RESUMES = 16
"""Portions that are read together: two megabytes in one reply, at most."""

LOOK_SECONDS, LOOKS = 0.005, 100
"""Looks for a worker that keeps what a resume asks for. One does so within milliseconds, or none does."""

log = logging.getLogger(__name__)


class _Late(NamedTuple):
    """A resume that waits until everything up to ``goal`` is kept, and for how many more looks."""

    message: Resume
    goal: str
    looks: int


class ResumeService:
    """``awake`` is the event that the loop sleeps on, ``post`` puts a message on the bridge to the websocket
    thread. ``pause`` waits for seconds.
    """

    def __init__(
        self,
        streams: UserStreams,
        post: Callable[[Message], object],
        awake: Event,
        pause: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self._streams = streams
        self._post = post
        self._awake = awake
        self._pause = pause
        self._late: list[_Late] = []
        self._waiting: deque[Resume | Seen] = deque()
        self._is_finishing = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._late)

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
            while self._waiting or self._late:
                if self._waiting:
                    self._handle(self._next())
                if self._late:
                    self._look_again()
            if self._is_finishing:
                return
            self._awake.wait()

    def finish(self) -> None:
        """Make ``run`` return when everything is done: no more messages come."""
        self._is_finishing = True
        self._awake.set()

    def _next(self) -> list[Resume | Seen]:
        """Take the next message and those of its kind right behind it: a thousand pages come back, or close, at once.

        Their resumes are read in one trip to the queue, and what they have seen is written in one.
        """
        kind = type(self._waiting[0])
        most = MOST_RESUMES if kind is Resume else len(self._waiting)
        taken: list[Resume | Seen] = []
        while self._waiting and type(self._waiting[0]) is kind and len(taken) < most:
            taken.append(self._waiting.popleft())
        return taken

    def _handle(self, messages: Sequence[Resume | Seen]) -> None:
        resumes = [each for each in messages if isinstance(each, Resume)]
        try:
            if resumes:
                self._answer(resumes)
            else:
                self._see(each for each in messages if isinstance(each, Seen))
        except QueueRefusedError as error:
            log.error("! what users have seen cannot be noted: %s", error)
        except QueueError:
            raise
        except BaseException as error:
            if is_stop(error):
                raise
            if len(messages) > 1:
                for each in messages:  # it is about one of them, as a rule
                    self._handle([each])
                return
            log.exception("! a %s failed", type(messages[0]).__name__)
            for message in resumes:
                self._refuse(message)

    def _see(self, messages: Iterable[Seen]) -> None:
        self._streams.see({user_id: offset for message in messages for user_id, offset in message.offsets})

    def _answer(self, messages: Sequence[Resume]) -> None:
        questions = [Question(each.user_id, each.after, each.until) for each in messages]
        portions = self._streams.read_together(questions)
        for message, portion in zip(messages, portions, strict=True):
            if isinstance(portion, QueueRefusedError):
                log.error("! the messages kept for a user cannot be read: %s", portion)
                self._refuse(message)
            elif isinstance(portion, Unkept):
                self._late.append(_Late(message, portion.goal, LOOKS))
            else:
                self._post(self._replay(message, portion))

    def _look_again(self) -> None:
        """Answer resumes that had to wait, once what they ask for is kept. Nobody else waits for them meanwhile."""
        self._pause(LOOK_SECONDS)
        reached = order_of(self._streams.look())
        late, self._late = self._late, []
        stuck = [each.goal for each in late if not each.looks and order_of(each.goal) > reached]
        if stuck:
            self._streams.make_up(max(stuck, key=order_of))
            reached = order_of(self._streams.reached)
        ready = [each.message for each in late if not each.looks or order_of(each.goal) <= reached]
        wait = [each for each in late if each.looks and order_of(each.goal) > reached]
        self._late += [each._replace(looks=each.looks - 1) for each in wait]
        for begin in range(0, len(ready), MOST_RESUMES):
            self._handle(ready[begin : begin + MOST_RESUMES])

    def _replay(self, question: Resume, portion: Portion) -> Replay:
        entries = portion.entries
        return Replay(
            question.agent,
            question.ref,
            tuple(entry.raw for entry in entries),
            portion.after,
            question.until or self._streams.begins_at,
            portion.is_all,
            entries[0].id if entries else None,
            portion.gone,
        )

    def _refuse(self, message: Resume) -> None:
        self._post(Refused(message.agent, message.ref, "internal", "what was kept cannot be read"))
