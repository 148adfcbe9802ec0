"""Flights: reads that are under way, so that all who want the same wait for one."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Event(Protocol):
    """A flag that loops of one thread sleep on. ``gevent.event.Event`` is one."""

    def set(self) -> object:
        """Wake the loops that wait."""

    def wait(self) -> object:
        """Return once the flag is set."""


class _Flight(Generic[T]):
    """One read. It fails with ``error``, or has a ``value``."""

    def __init__(self, landed: Event) -> None:
        self.landed = landed
        self.error: Exception | None = None
        self.value: T | None = None


class Flights(Generic[T]):
    """The reads of one thread whose loops wait for each other. ``event`` makes an event."""

    def __init__(self, event: Callable[[], Event]) -> None:
        self._event = event
        self._flights: dict[Hashable, _Flight[T]] = {}

    def share(self, name: Hashable, read: Callable[[], T], given_up: Exception) -> T:
        """Return ``read()``, or what a call of the same name that is under way returns. Raises what that raises.

        If the loop of that call is ended, the others raise ``given_up``.
        """
        flight = self._flights.get(name)
        if flight is None:
            return self._fly(name, read, given_up)
        flight.landed.wait()
        if flight.error is not None:
            raise flight.error
        return flight.value  # type: ignore[return-value]

    def _fly(self, name: Hashable, read: Callable[[], T], given_up: Exception) -> T:
        flight = self._flights[name] = _Flight[T](self._event())
        flight.error = given_up
        try:
            value = flight.value = read()
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.error = None
            return value
        finally:
            del self._flights[name]
            flight.landed.set()
