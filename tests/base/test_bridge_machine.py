"""A mailbox against a plain list: any order of posts, drains, failures, a change of reader and the end.

One thread plays both sides here, so that every step can be checked; the two real threads are in ``test_bridge``.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rtserver.base.bridge.mailbox import BridgeClosedError, Mailbox
from rtserver.base.bridge.message import Message

CONGESTED_LENGTH = 5
MOST = 10_000


class Numbered(Message, frozen=True):
    """Message ``number``."""

    number: int


class HandlerError(Exception):
    """The error that a handler under test raises."""


class MailboxMachine(RuleBasedStateMachine):
    """``wakeups`` are those since the last drain began: a reader that is woken drains soon, and needs no more."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = Mailbox(CONGESTED_LENGTH)
        self.accepted: list[int] = []
        self.received: list[int] = []
        self.wakeups = 0
        self.reader = 0  # which one is bound, 0 for none
        self.is_closed = False

    @rule(count=st.integers(1, 8))
    def post(self, count: int) -> None:
        for _ in range(count):
            self.post_one()

    def post_one(self) -> None:
        message = Numbered(len(self.accepted))
        try:
            self.mailbox.post(message)
        except BridgeClosedError:
            assert self.is_closed
        else:
            assert not self.is_closed
            self.accepted.append(message.number)

    @rule(limit=st.integers(0, 6))
    def drain(self, limit: int) -> None:
        waiting = len(self.mailbox)
        self.wakeups = 0
        has_more = self.mailbox.drain(self.take, limit)
        assert waiting - len(self.mailbox) == min(limit, waiting)
        assert has_more == bool(len(self.mailbox))

    @rule()
    def drain_in_no_time(self) -> None:
        waiting = len(self.mailbox)
        self.wakeups = 0
        assert self.mailbox.drain(self.take, MOST, seconds=0) == (waiting > 1)
        assert len(self.mailbox) == max(0, waiting - 1)

    @rule(place=st.integers(0, 3))
    def drain_with_a_handler_that_fails(self, place: int) -> None:
        waiting = len(self.mailbox)
        self.wakeups = 0

        def handle(message: Message) -> None:
            self.take(message)
            if waiting - len(self.mailbox) > place:
                raise HandlerError

        try:
            self.mailbox.drain(handle, MOST)
        except HandlerError:
            assert waiting - len(self.mailbox) == place + 1
        else:
            assert len(self.mailbox) == 0

    @rule(count=st.integers(1, 10))
    def drain_with_a_handler_that_posts(self, count: int) -> None:
        """Messages that a handler posts come in the next pass, however many they are."""
        accepted = len(self.accepted)
        left = [self.post_one] * count
        self.wakeups = 0

        def handle(message: Message) -> None:
            self.take(message)
            if left:
                left.pop()()

        assert self.mailbox.drain(handle, MOST) == (len(self.accepted) > accepted)
        assert len(self.mailbox) == len(self.accepted) - accepted

    @rule()
    def bind(self) -> None:
        """A reader comes, or another one in its place; what woke the old one is forgotten with it."""
        self.reader += 1
        self.wakeups = 0
        number = self.reader
        self.mailbox.bind(lambda: self.wake(number))

    @rule()
    def close(self) -> None:
        self.mailbox.close()
        self.is_closed = True

    def wake(self, reader: int) -> None:
        assert reader == self.reader, "a reader that was replaced"
        self.wakeups += 1

    def take(self, message: Message) -> None:
        assert isinstance(message, Numbered)
        self.received.append(message.number)

    @invariant()
    def nothing_is_lost_or_doubled_or_changes_places(self) -> None:
        assert self.received == self.accepted[: len(self.received)]
        assert len(self.mailbox) == len(self.accepted) - len(self.received)
        assert self.mailbox.posted == len(self.accepted)

    @invariant()
    def one_wake_up_is_pending_exactly_while_something_waits_for_a_reader(self) -> None:
        if self.reader:
            waits = bool(len(self.mailbox))
            assert self.wakeups == 1 or (self.wakeups == 0 and not waits), (self.wakeups, waits)
        else:
            assert self.wakeups == 0

    @invariant()
    def it_is_congested_while_too_much_waits(self) -> None:
        assert self.mailbox.is_congested == (len(self.mailbox) > CONGESTED_LENGTH)

    def teardown(self) -> None:
        """The last drain brings all that was accepted."""
        self.mailbox.drain(self.take, MOST)
        assert self.received == self.accepted


TestMailbox = MailboxMachine.TestCase
