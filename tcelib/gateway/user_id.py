"""User ids of clients that have none of their own (``userid_check`` is false)."""

COUNTER_BITS = 40
MOST_GATEWAYS = 1 << (63 - COUNTER_BITS)


class UserIds:
    """Makes ids that no other gateway makes: decimal, and below 2^63, because C++ reads them as numbers.

    ``gateway`` is the number that this gateway has leased; two that live at the same time have different ones. Raises
    ``ValueError`` for one that leaves no room.
    """

    def __init__(self, gateway: int = 0) -> None:
        self.use(gateway)

    def use(self, gateway: int) -> None:
        """Make ids of another number from now on, beginning with its first. Raises ``ValueError``, see above."""
        if not 0 <= gateway < MOST_GATEWAYS:
            raise ValueError(f"a gateway's number is from 0 to {MOST_GATEWAYS - 1}, not {gateway}")
        self._next = gateway << COUNTER_BITS
        self._end = (gateway + 1) << COUNTER_BITS

    def make(self) -> str:
        """Return the next id. Raises ``OverflowError`` after 2^40 of them: the gateway needs another number."""
        self._next += 1
        if self._next >= self._end:
            raise OverflowError(f"all ids of one gateway number are used: {1 << COUNTER_BITS}")
        return str(self._next)
