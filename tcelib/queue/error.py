"""QueueError: a queue did not do what it was asked to; MessageError: a message that no queue can carry;
AddressError: a text that is no address."""


class QueueError(Exception):
    """The queue did not do what it was asked to. ``address`` is its address, fit for a log.

    ``is_certain``: nothing was done, for certain. Otherwise all of it may have been done, or a part.

    QueueError
    ├── QueueAwayError      there is no answer: missing, gone, too slow, or access denied
    └── QueueRefusedError   the answer is an error
    """

    def __init__(self, address: str, reason: str, *, is_certain: bool = False) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason
        self.is_certain = is_certain

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"


class QueueAwayError(QueueError):
    """No connection, or a broken one. The operation may have been done or not, unless it says ``is_certain``."""


class QueueRefusedError(QueueError):
    """An error as the answer, such as a key of the wrong kind or no memory left. Nothing was done, unless others that
    were asked for together with it were: then ``is_certain`` is false.
    """

    def __init__(self, address: str, reason: str, *, is_certain: bool = True) -> None:
        super().__init__(address, reason, is_certain=is_certain)


class MessageError(ValueError):
    """A part of a message has the wrong type or is out of bounds. ``place`` names the part."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class AddressError(ValueError):
    """A text is no address of a queue. ``at`` is the place of the mistake, counted from 0 in characters."""

    def __init__(self, address: str, at: int, reason: str) -> None:
        super().__init__(address, at, reason)
        self.address = address
        self.at = at
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.address!r}, character {self.at + 1}: {self.reason}"
