"""ServiceMessageDispatcher: gives each entry of the bus to the lane of its message's type.

Pure, and on the path of every message: one look into the envelope, one into a dict. The lane decodes the data, so
that costly data delays no other lane.
"""

from collections.abc import Collection, Iterable, Sequence

from rtserver.base.queue.port import Entry
from rtserver.base.queue.signature import Signer
from rtserver.service.message import NO_BOUNDS, Bounds, Reason, Rejected, ServiceMessage, decode_entry
from rtserver.service.pipeline.chooser import Chooser
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from rtserver.service.repeats import Opened


class DuplicateTypeError(ValueError):
    """Two handlers for one message type: a mistake in the configuration. ``str(error)`` names both."""


class ServiceMessageDispatcher:
    """Gives each entry of the bus to the lane of its type, or to the dead letters."""

    def __init__(
        self,
        lanes: Iterable[Lane],
        dead_letters: DeadLetters,
        signer: Signer | None = None,
        bounds: Bounds = NO_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._lanes: dict[str, Lane] = {}
        self._dead_letters = dead_letters
        self._signer = signer or Signer()
        self._choosers: dict[bytes, Chooser] = {}
        for lane in lanes:
            other = self._lanes.setdefault(lane.msg_type, lane)
            if other is not lane:
                raise DuplicateTypeError(
                    f"{_name(other)} and {_name(lane)} both handle service messages of type {lane.msg_type!r}"
                )
            if lane.chooser is not None:
                self._choosers[lane.msg_type.encode()] = lane.chooser
        self._patient = frozenset(each for each, lane in self._lanes.items() if lane.handler.is_patient)

    def open(self, entries: Sequence[Entry]) -> list[Opened]:
        """Return the messages in some entries, or why they are none. Never raises.

        A message that its handler does not want is its lane's ``unopened``.
        """
        opened: list[Opened] = []
        signer, bounds = self._signer, self._bounds
        choosers = {name: each for name, each in self._choosers.items() if each.handler.is_choosing}
        for entry in entries:
            # A worker that is alone has no choosers.
            if choosers and (found := choosers.get(entry.type)) is not None and not found.handler.wants(entry):
                opened.append((entry, found.unopened))
                continue
            try:
                opened.append((entry, decode_entry(entry, signer, bounds)))
            except Rejected as rejected:
                opened.append((entry, rejected))
        return opened

    def dispatch(self, opened: Sequence[Opened], repeats: Collection[str] = ()) -> None:
        """Dispatch one read of the bus, in its order, without ``repeats`` (ids). Never waits and never raises."""
        lanes = self._lanes
        for entry, message in opened:
            if repeats and entry.id in repeats:
                continue
            if isinstance(message, Rejected):
                self._dead_letters.add(entry, message)
            elif (lane := lanes.get(message.type)) is not None:
                lane.offer(entry, message)
            else:
                self._dead_letters.add(entry, _unknown(message))

    def count_wanted(self, opened: Sequence[Opened]) -> int:
        """Return how many of some entries somebody on this worker waits for: those of a handler that does not choose
        count, unless they are patient, as do those that are no messages.
        """
        return sum(self._is_wanted(entry, message) for entry, message in opened)

    def _is_wanted(self, entry: Entry, message: ServiceMessage | Rejected) -> bool:
        found = self._choosers.get(entry.type)
        if found is not None:
            return found.is_wanted(entry, message)
        return isinstance(message, Rejected) or message.type not in self._patient

    def pass_gap(self, offset: str) -> None:
        """Tell the lanes that entries before ``offset`` that were not dispatched are lost."""
        for lane in self._lanes.values():
            lane.pass_gap(offset)

    def reject(self, opened: Sequence[Opened], repeats: Collection[str] = ()) -> None:
        """Add entries that no lane takes to the dead letters. Leaves the others, and ``repeats`` (ids), alone."""
        for entry, message in opened:
            if isinstance(message, Rejected):
                self._dead_letters.add(entry, message)
            elif message.type not in self._lanes and entry.id not in repeats:
                self._dead_letters.add(entry, _unknown(message))


def _unknown(message: ServiceMessage) -> Rejected:
    return Rejected(Reason.UNKNOWN_TYPE, f"nobody handles {message.type!r}", message.src)


def _name(lane: Lane) -> str:
    cls = type(lane.handler)
    return f"{cls.__module__}.{cls.__qualname__}"
