"""The servers of a queue, as producers and operators see them."""

import pytest

from rtserver.base.queue.port import QueueAwayError, QueueError, QueueRefusedError
from rtserver.registry.running_server import RunningServers, complaint, utc_text
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Holder, Registration, RegistryAwayError, RegistryError, RegistryRefusedError

WHERE = "queue:test at redis://x"


class Broken(MemoryLeases):
    """A registry that answers with an error."""

    def __init__(self, error: RegistryError) -> None:
        super().__init__(lambda: 0.0)
        self._error = error

    def holders(self, kind: str = "") -> list[Holder]:
        raise self._error


def test_servers_are_listed_by_name_and_nobody_else_is() -> None:
    leases = MemoryLeases(lambda: 1_000.0)
    for kind, name in (("worker", "b"), ("worker", "a"), ("gateway", "c")):
        told = Registration(kind, name, version="1", since=5.0, reads=("quote",), holds=("user",))
        number = leases.join(told, 10.0)
        leases.hold(number, "user", ["1", "2"])
        leases.renew(number, 10.0, {"connections": 3})
    servers = RunningServers(leases)
    assert [tuple(server) for server in servers.all()] == [
        ("a", "1", 2, 3, 5.0, ("quote",)),
        ("b", "1", 2, 3, 5.0, ("quote",)),
    ]
    assert servers.types() == [{"quote"}, {"quote"}]


@pytest.mark.parametrize(
    ("error", "kind"), [(RegistryAwayError, QueueAwayError), (RegistryRefusedError, QueueRefusedError)]
)
def test_an_error_of_the_registry_is_one_of_the_queue(error: type[RegistryError], kind: type[QueueError]) -> None:
    with pytest.raises(kind, match="redis://x: nothing"):
        RunningServers(Broken(error("redis://x", "nothing"))).all()


def test_a_moment_that_no_calendar_has_is_told_as_such() -> None:
    assert utc_text(1_700_000_000.0) == "2023-11-14 22:13:20"
    assert utc_text(1e300) == utc_text(float("nan")) == "?"


@pytest.mark.parametrize(
    ("types", "running", "words"),
    [
        (["quote"], [{"quote"}, {"quote", "cart"}], ""),
        ([], [{"quote"}], ""),
        (["quote"], [], "no server runs for queue:test at redis://x"),
        (["qoute", "quote"], [{"quote", "cart"}], 'no running server handles messages of type "qoute", '),
        (["cart"], [{"quote"}, {"quote", "cart"}], "not all of the 2 running servers handle"),
    ],
)
def test_a_producer_hears_of_types_that_nobody_or_not_everybody_handles(
    types: list[str], running: list[set[str]], words: str
) -> None:
    told = complaint(types, running, WHERE)
    assert told.startswith(words)
    assert bool(told) is bool(words)
