"""AmqpNode: a queue or topic at a broker, as both kinds of queues use it: payloads in, payloads out."""

from collections.abc import Sequence

from tcelib.queue.address import Address
from tcelib.queue.amqp.connection import PATIENCE, AmqpClient
from tcelib.queue.amqp.link import Arrival, Fate, Inlet, Link, Outlet, release
from tcelib.queue.amqp.live import Live
from tcelib.queue.error import QueueAwayError, QueueError, QueueRefusedError


class AmqpNode:
    """A node of a broker. Every call may raise ``QueueError``."""

    def __init__(self, client: AmqpClient, address: Address) -> None:
        self.client = client
        self.node_address = address
        self.address = f"{client.address}/{address.name}"
        self._woken: set[str] = set()
        self._waiting: set[str] = set()

    def send(self, payloads: Sequence[bytes]) -> None:
        """Send payloads in order, and wait until the broker has taken all of them."""
        if not payloads:
            return
        sending = _Sending(self, payloads)
        try:
            if self.client.run(sending.step, PATIENCE) is None:
                raise QueueAwayError(self.address, f"the broker has not taken a message for {PATIENCE:.0f} s")
        except QueueError as error:
            error.is_certain = sending.has_put_none
            raise

    def take(self, reader: str, count: int, timeout: float) -> list[Arrival]:
        """Return all that is there, at most ``count``. Waits up to ``timeout`` seconds for a first one."""
        taking = _Taking(self, reader, count)
        try:
            found = self.client.run(taking.drain, PATIENCE)
            if not found and found is not None and timeout > 0:
                found = self.client.run(taking.wait, timeout)
                if found is None:  # what comes at the last moment
                    found = self.client.run(taking.drain, PATIENCE)
        finally:
            self._woken.discard(reader)
            self._waiting.discard(reader)
            with self.client.inside():
                taking.end()
        if found is None:
            reason = f"the broker has not answered for {PATIENCE:.0f} s"
            self.client.give_up(reason)
            raise QueueAwayError(self.address, reason)
        return found

    def wake(self, reader: str) -> None:
        """End the wait of a reader's ``take``."""
        if reader in self._waiting:
            self._woken.add(reader)
            self.client.wake()

    def look(self, most: int) -> list[bytes]:
        """Return the first messages of the node that nobody holds, at most ``most``. They stay there."""
        looking = _Looking(self, most)
        found = self.client.run(looking.step, PATIENCE)
        if found is None:
            raise QueueAwayError(self.address, f"the broker has not answered for {PATIENCE:.0f} s")
        return found

    def begin(self, reader: str) -> None:
        """Note that a reader waits."""
        self._waiting.add(reader)

    def is_woken(self, reader: str) -> bool:
        """Return whether a reader is to stop waiting."""
        return reader in self._woken

    def check(self, link: Link) -> None:
        """Raises ``QueueRefusedError`` if the broker has ended a link."""
        if link.refusal:
            raise QueueRefusedError(self.address, link.refusal)


class _Sending:
    """One ``send``."""

    def __init__(self, node: AmqpNode, payloads: Sequence[bytes]) -> None:
        self._node = node
        self._payloads = payloads
        self._outlet: Outlet | None = None
        self._fates: list[Fate] = []
        self._known = 0

    @property
    def has_put_none(self) -> bool:
        """True if the broker has certainly kept no message: it got none, or has refused each that it got."""
        return all(fate.refusal for fate in self._fates)

    def step(self, live: Live) -> bool | None:
        """Send as many as the broker takes now. True when it has said something about each of them."""
        if self._outlet is None:
            self._outlet = live.outlet(self._node.node_address)
        self._node.check(self._outlet)
        while len(self._fates) < len(self._payloads) and self._outlet.credit > 0:
            self._fates.append(self._outlet.send(self._payloads[len(self._fates)]))
        while self._known < len(self._fates) and self._fates[self._known].is_known:
            if refusal := self._fates[self._known].refusal:
                raise QueueRefusedError(self._node.address, refusal)
            self._known += 1
        return self._known == len(self._payloads) or None


class _Taking:
    """One ``take``."""

    def __init__(self, node: AmqpNode, reader: str, count: int) -> None:
        self._node = node
        self._reader = reader
        self._count = count
        self._live: Live | None = None
        self._inlet: Inlet | None = None
        self._has_asked = False

    def wait(self, live: Live) -> list[Arrival] | None:
        """Ask for messages, and return what has come."""
        inlet = self._begin(live)
        if inlet.arrived or self._node.is_woken(self._reader):
            return self._pick(inlet)
        if not inlet.is_draining:
            inlet.ask(self._count)
        return None

    def drain(self, live: Live) -> list[Arrival] | None:
        """Ask for what is there now, and return it when the broker has no more, be it nothing."""
        inlet = self._begin(live)
        if len(inlet.arrived) >= self._count or self._node.is_woken(self._reader):
            return self._pick(inlet)
        if inlet.is_draining:
            return None
        if self._has_asked:
            self._has_asked = False  # for the next time
            return self._pick(inlet)
        self._has_asked = True
        inlet.drain(max(0, self._count - len(inlet.arrived) - inlet.credit))
        return None if inlet.is_draining else self._pick(inlet)

    def end(self) -> None:
        """Ask for no more, unless others wait for it."""
        if self._inlet is not None:
            self._inlet.takers -= 1
            if not self._inlet.takers and not self._inlet.refusal:
                self._inlet.drain()

    def _begin(self, live: Live) -> Inlet:
        if self._inlet is None or self._live is not live:  # the connection is another one than a moment ago
            self._node.begin(self._reader)
            self._live, self._has_asked = live, False
            self._inlet = live.inlet(self._node.node_address)
            self._inlet.takers += 1
        self._node.check(self._inlet)
        return self._inlet

    def _pick(self, inlet: Inlet) -> list[Arrival]:
        return [inlet.arrived.popleft() for _ in range(min(self._count, len(inlet.arrived)))]


class _Looking:
    """One ``look``."""

    def __init__(self, node: AmqpNode, most: int) -> None:
        self._node = node
        self._most = most
        self._browser: Inlet | None = None

    def step(self, live: Live) -> list[bytes] | None:
        """Return what has come when that is all."""
        if self._browser is None:
            self._browser = live.browser(self._node.node_address)
            self._browser.drain(self._most)
            return None
        self._node.check(self._browser)
        if self._browser.is_draining:
            return None
        for arrival in self._browser.arrived:
            release(arrival.delivery)
        self._browser.close()
        return [arrival.payload for arrival in self._browser.arrived]
