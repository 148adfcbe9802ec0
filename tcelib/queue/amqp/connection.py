"""AmqpClient: a connection to a broker that is opened when it is needed, and opened anew when it broke.

The one door between threads, or greenlets: whatever touches the engine does so behind it, and nobody waits for a
socket there. One thread or greenlet reads; whoever has something to send sends it.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.queue.amqp.broker_place import Broker
from tcelib.queue.amqp.live import Live
from tcelib.queue.amqp.waiting import Door, Socket, Waiting
from tcelib.queue.error import QueueAwayError

PATIENCE = 10.0
"""Seconds within which a broker answers."""
TICK_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts to connect. Half of a pause is chance, so that not all come at once."""
_READ_BYTES = 65_536
_BOTH_WAYS = 2  # socket.SHUT_RDWR

T = TypeVar("T")
log = logging.getLogger(__name__)


class AmqpClient:
    """One connection. May be shared by threads, or by greenlets of one hub, as ``waiting`` says.

    Connects with the first call. Every call may raise ``QueueAwayError``. ``now`` is monotonic. The constructor
    raises ``OSError`` if the certificates that it is to trust cannot be read.
    """

    def __init__(self, broker: Broker, waiting: Waiting, *, now: Callable[[], float] = time.monotonic) -> None:
        self.broker = broker
        self.address = broker.address
        self.now = now
        self._tls = broker.tls()
        self._waiting = waiting
        self._door: Door = waiting.door()
        self._live: Live | None = None
        self._is_dialing = False
        self._dial_at = float("-inf")
        self._pause = FIRST_PAUSE
        self._failure = ""
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child's calls open a connection of their own."""
        live, self._live = self._live, None
        self._door = self._waiting.door()
        self._is_dialing = False
        if live is not None:
            live.fail("the connection was opened before the fork")
            drop_descriptor(live.sock.fileno())

    def run(self, step: Callable[[Live], T | None], timeout: float) -> T | None:
        """Call ``step`` behind the door until it returns something: now, and after whatever the broker says.

        Returns None after ``timeout`` seconds.
        """
        live = self._reach()
        deadline = self.now() + timeout
        while True:
            with self._door:
                self._check(live)
                turn = live.turn
                found = step(live)
            self._flush(live)
            remaining = deadline - self.now()
            if found is not None or remaining <= 0:
                return found
            with self._door:
                if live.turn == turn and not live.failure:
                    self._door.wait(remaining)

    @contextmanager
    def inside(self) -> Iterator[Live | None]:
        """Go behind the door: gives the connection if there is one, and opens none."""
        with self._door:
            live = self._live if self._live is not None and not self._live.failure else None
            yield live
        if live is not None:
            self._flush(live)

    def wake(self) -> None:
        """Let everybody who waits in ``run`` look again."""
        with self._door:
            if self._live is not None:
                self._live.turn += 1
            self._door.notify_all()

    def give_up(self, reason: str) -> None:
        """End a connection whose broker does not answer. The next call opens another one."""
        with self._door:
            live = self._live
        if live is not None:
            self._fail(live, reason)

    def close(self) -> None:
        """Say goodbye. What is held goes back to the broker. A later call opens a new connection."""
        self._stop_taking()
        with self._door:
            live, self._live = self._live, None
            self._dial_at, self._pause = float("-inf"), FIRST_PAUSE
            if live is not None and not live.failure:
                live.close()
        if live is not None:
            self._flush(live)
            self._fail(live, "closed")

    def _stop_taking(self) -> None:
        """Wait, for a moment, until the broker sends no more: what it sends to who leaves counts as a failure."""
        deadline = self.now() + TICK_SECONDS
        with self.inside() as live:
            if live is not None:
                live.stop_taking()
        with self._door:
            while live is not None and live.is_taking and not live.failure and (left := deadline - self.now()) > 0:
                self._door.wait(left)

    def _check(self, live: Live) -> None:
        if live.failure:
            raise QueueAwayError(self.address, live.failure)

    def _reach(self) -> Live:
        """Return the connection; open it if there is none, unless that failed a moment ago."""
        with self._door:
            while self._is_dialing:
                self._door.wait(PATIENCE)
            if self._live is not None and not self._live.failure:
                return self._live
            if (pause := self._dial_at - self.now()) > 0:
                raise QueueAwayError(self.address, f"{self._failure}; the next attempt follows in {pause:.1f} s")
            self._is_dialing = True
        try:
            live = self._dial()
        except BaseException as error:
            self._failed(str(error) or type(error).__name__)
            if isinstance(error, OSError):
                raise QueueAwayError(self.address, self._failure) from error
            raise
        with self._door:
            self._live, self._is_dialing = live, False
            self._pause = FIRST_PAUSE
            self._door.notify_all()
        return live

    def _failed(self, reason: str) -> None:
        with self._door:
            self._failure = reason
            self._dial_at = self.now() + self._pause * random.uniform(0.5, 1.0)
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
            self._is_dialing = False
            self._door.notify_all()

    def _dial(self) -> Live:
        """Open a connection, and wait until the broker has said hello. Raises ``OSError``."""
        sock = self._waiting.connect(self.broker.host, self.broker.port, PATIENCE)
        live = Live(f"tcelib-{uuid.uuid4().hex[:12]}", self.broker, sock, self._tls)
        self._waiting.go(lambda: self._pump(live, sock))
        self._flush(live)
        deadline = self.now() + PATIENCE
        with self._door:
            while not (live.is_open or live.failure) and (left := deadline - self.now()) > 0:
                self._door.wait(left)
        if not live.is_open or live.failure:
            self._fail(live, "the broker does not answer")
            raise ConnectionError(live.failure)
        return live

    def _pump(self, live: Live, sock: Socket) -> None:
        """Read until the end. The last one to use the socket closes it."""
        reason = ""
        try:
            while not live.failure:
                data = sock.recv(_READ_BYTES) if self._waiting.is_readable(sock, TICK_SECONDS) else None
                with self._door:
                    if data is not None:
                        live.receive(data, self.now())
                    live.tick(self.now())
                    self._door.notify_all()
                self._flush(live, waits=False)
        except OSError as error:
            reason = str(error)
        except Exception:
            log.exception("! %s: the connection is given up", self.address)
            reason = "a fault of the client"
        finally:
            self._fail(live, reason or "the connection was closed")
            sock.close()

    def _flush(self, live: Live, *, waits: bool = True) -> None:
        """Send what there is, so that what is said later comes later.

        Another one who is sending already takes it along; ``waits`` for him, as all but the reader may.
        """
        with self._door:
            while live.is_sending and waits:
                live.waiters += 1
                self._door.wait(TICK_SECONDS)
                live.waiters -= 1
            if live.is_sending:
                return
            live.is_sending = True
        try:
            while True:
                with self._door:
                    data = live.output()
                    if not data:
                        live.is_sending = False
                        if live.waiters:
                            self._door.notify_all()
                        return
                live.sock.sendall(data)
        except BaseException as error:
            self._fail(live, str(error) or type(error).__name__)
            if not isinstance(error, OSError):
                raise

    def _fail(self, live: Live, reason: str) -> None:
        with self._door:
            live.fail(reason)
            live.is_sending = False
            self._door.notify_all()
        try:
            live.sock.shutdown(_BOTH_WAYS)
        except OSError:
            log.debug("the connection to %s was gone already", self.address)
