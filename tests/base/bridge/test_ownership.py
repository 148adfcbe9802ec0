"""An object of one thread says so to the others."""

import threading
from collections.abc import Callable

import pytest

from rtserver.base.bridge.ownership import ThreadBound, WrongThreadError


class Kettle(ThreadBound):
    """Something that belongs to a thread."""

    def boil(self) -> str:
        self.check_thread()
        return "hot"


def from_another_thread(call: Callable[[], object]) -> object:
    """Return the result of ``call`` on a thread of its own, or raise its error."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(call())
        except WrongThreadError as error:
            results.append(error)

    thread = threading.Thread(target=run, name="another")
    thread.start()
    thread.join()
    return results[0]


def test_the_thread_that_built_it_may_call_it() -> None:
    assert Kettle().boil() == "hot"


def test_another_threads_call_is_refused_with_both_names() -> None:
    error = from_another_thread(Kettle().boil)
    assert isinstance(error, WrongThreadError)
    assert str(error) == "Kettle was called from 'another'"


def test_it_can_be_handed_to_another_thread() -> None:
    kettle = Kettle()

    def take_over() -> str:
        kettle.bind_thread()
        return kettle.boil()

    assert from_another_thread(take_over) == "hot"
    with pytest.raises(WrongThreadError):
        kettle.boil()
