"""ServiceMessageDispatcher: from a message's type to its lane.

Pure, and on the path of every message: one look into the envelope, one look into a dict. The data is left to the
lane, so that what is costly to decode delays nobody else.
"""

from collections.abc import Iterable, Sequence

from rtserver.base.queue_port import Entry
from rtserver.base.signature import Signer
from rtserver.service.lane import Lane
from rtserver.service.message import NO_BOUNDS, Bounds, Reason, Rejected, ServiceMessage, decode
from rtserver.service.rejections import Rejections


class DuplicateTypeError(ValueError):
    """Two handlers for one message type: a mistake in the configuration. ``str(error)`` names both."""


class ServiceMessageDispatcher:
    """Gives each entry of the bus to the lane of its type, or to the rejections."""

    def __init__(
        self,
        lanes: Iterable[Lane],
        rejections: Rejections,
        signer: Signer | None = None,
        bounds: Bounds = NO_BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._lanes: dict[str, Lane] = {}
        self._rejections = rejections
        self._signer = signer or Signer()
        for lane in lanes:
            other = self._lanes.setdefault(lane.msg_type, lane)
            if other is not lane:
                raise DuplicateTypeError(
                    f"{_name(other)} and {_name(lane)} both handle service messages of type {lane.msg_type!r}"
                )

    def dispatch(self, entries: Sequence[Entry]) -> None:
        """What one read of the bus brought, in its order. Never waits and never raises."""
        lanes, signer, bounds = self._lanes, self._signer, self._bounds
        for entry in entries:
            try:
                message = decode(entry.raw, signer, bounds)
                lane = lanes.get(message.type)
                if lane is None:
                    raise _unknown(message)
            except Rejected as rejected:
                self._rejections.add(entry, rejected)
            else:
                lane.offer(entry, message)

    def reject(self, entries: Sequence[Entry]) -> None:
        """Give those that no lane takes to the rejections, and leave the others alone."""
        for entry in entries:
            try:
                message = decode(entry.raw, self._signer, self._bounds)
                if message.type not in self._lanes:
                    raise _unknown(message)
            except Rejected as rejected:
                self._rejections.add(entry, rejected)


def _unknown(message: ServiceMessage) -> Rejected:
    return Rejected(Reason.UNKNOWN_TYPE, f"nobody handles {message.type!r}", message.src)


def _name(lane: Lane) -> str:
    cls = type(lane.handler)
    return f"{cls.__module__}.{cls.__qualname__}"
