"""The two sides of the server without sockets, threads and Redis: what one posts to the other is handled at once."""

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from rtserver.base.bridge.message import Message, Resume, Seen
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import Bound
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.handlers.resume import ResumeMsgHandler
from rtserver.handlers.topic import TopicMsgHandler
from rtserver.market.book.quote_book import BookRules
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane
from rtserver.service.push.django_site import DjangoSiteMsgHandler
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.repeats import RepeatFilter
from rtserver.service.thread.service_directory import ServiceDirectory
from rtserver.service.user_commands import UserCommands
from tests.service.bus_model import Stepped, Stop
from tests.service.topic.station import KeptCounters
from tests.service_fakes import at_once, call_at_once
from tests.user_side import Online

SECONDS_PER_LOOK = 2.0  # at the clock, so that nobody comes too soon


class BothSides:
    """All handlers of the product and one client of user 1."""

    def __init__(self) -> None:
        clock = partial(next, itertools.count(0.0, SECONDS_PER_LOOK))
        resumes = partial(ResumeMsgHandler, clock=clock)
        charts = partial(MyChartMsgHandler, call_later=call_at_once, now_ms=lambda: 0.0)
        self.online = Online(PingMsgHandler, charts, TopicMsgHandler, resumes)

        def to_users(*messages: Message) -> None:
            for message in messages:
                self.online.users.handle(message)

        context = ServiceContext(to_users, UserCommands(to_users), at_once, call_later=call_at_once)
        self.queue = MemoryQueue(now=lambda: 1.0)
        self.repeats = RepeatFilter(self.queue, QueueLink(lambda _seconds: None))
        self.streams = UserStreams(self.queue, QueueLink(lambda _seconds: None), Bound(50, 3_600))
        quotes = QuoteCenter(context, rules=BookRules(50), picture_rows=20)
        alive = QuoteAliveMsgHandler(context, quotes.books)
        handlers = [quotes, alive, PushUserMsgHandler(context, self.streams), DjangoSiteMsgHandler(context)]
        self.dead_letters = DeadLetters()
        self.lanes = [Lane(handler, self.dead_letters) for handler in handlers]
        self.dispatcher = ServiceMessageDispatcher(self.lanes, self.dead_letters)
        self.resumes = ResumeService(self.streams, to_users, Stop())
        self.counters = KeptCounters(context)
        services = {"quotes": quotes, "counter": self.counters.topics}
        self.directory = ServiceDirectory(services, to_users, self.resumes)
        for handler in handlers:
            handler.begins_behind(self.queue)
        self._turn_resumes()
        self.online.on_post = self._on_post
        self.client = self.online.connect()

    def push(self, raw: bytes) -> bool:
        """A message of a backend, from the list to the handlers; False for one that was dropped as a repeat."""
        before = self.queue.newest_id()
        self.queue.put([raw])
        moved = self.queue.intake(0)
        opened = self.dispatcher.open(self.queue.range(before, moved.newest_id, 10))
        repeats = self.repeats.find(opened)
        self.dispatcher.dispatch(opened, repeats)
        for lane in self.lanes:
            while lane.is_busy:
                lane.work()
        return not repeats

    @property
    def failures(self) -> int:
        """Handlers of client messages that raised what they do not mean to."""
        return self.online.users.table.failures

    def _on_post(self, message: Message) -> None:
        self.directory.handle(message)
        if isinstance(message, Resume | Seen):
            self._turn_resumes()

    def _turn_resumes(self) -> None:
        with suppress(Stepped):
            self.resumes.run()


class _Tracebacks(logging.Handler):
    """Keeps the last error that was logged with its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.found: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        if record.exc_info and record.exc_info[1] is not None:
            self.found = record.exc_info[1]


@contextmanager
def no_traceback() -> Iterator[None]:
    """Raise what the server logs with its traceback: something that nobody has thought of."""
    tracebacks = _Tracebacks()
    log = logging.getLogger("rtserver")
    log.addHandler(tracebacks)
    try:
        yield
    finally:
        log.removeHandler(tracebacks)
    if tracebacks.found is not None:
        raise AssertionError("there is a traceback in the log") from tracebacks.found
