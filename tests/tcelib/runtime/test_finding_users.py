"""Services send to users, wherever those are: real gateways, clients and Redis."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gevent
import pytest
import redis

import tcelib as tce
from tcelib.core import endpoint_table
from tcelib.gateway.verb import Reason
from tcelib.runtime.gateway.gateway import Gateway
from tcelib.runtime.gateway.gateway_lease import GatewayLease
from tcelib.runtime.gateway.registry import Registries
from tcelib.runtime.gateway.user_teller import UserTeller
from tcelib.wire.message import CALL, LINGER_TIME, ONEWAY, build_body
from tests.tcelib.runtime.gateway_rig import errcode_of, until_so
from tests.tcelib.runtime.user_rig import Heard, UserRig, push, push_when_here, serve, until_heard
from tests.tcelib.transport.talk import NOTE, TalkPrx

MakeRig = Callable[..., UserRig]


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes gateways over the Redis of the test."""
    return lambda *names, **options: UserRig(tmp_path, redis_url, names or ("one", "two"), **options)


@pytest.mark.parametrize("kind", ["stream", "mq"])
def test_a_call_of_any_service_reaches_a_user_where_he_is_and_follows_him(make: MakeRig, kind: str) -> None:
    with make(kind=kind) as rig:
        for name in ("one", "two"):
            rig.gateway(name)
        service = rig.service()
        ann, bob = rig.client("one", "ann"), rig.client("two", "bob")
        push_when_here(service, "ann", "1")
        push_when_here(service, "bob", "2")
        until_heard(ann, ["1"])
        until_heard(bob, ["2"])
        ann.proxy.conn.close()
        again = rig.client("two", "ann")
        push_when_here(service, "ann", "3")
        until_so(lambda: again.notes == ["3"], "she is found at the other gateway")
        assert ann.notes == ["1"]


def test_a_user_who_is_nowhere_is_told_at_once_or_after_the_linger(make: MakeRig) -> None:
    with make("one") as rig:
        rig.gateway("one")
        service = rig.service()
        assert errcode_of(lambda: push(service, "ann", "x")) == tce.RPCERROR_CONNECT_UNREACHABLE
        begun = time.monotonic()
        assert errcode_of(lambda: push(service, "ann", "x", linger=0.3)) == tce.RPCERROR_CONNECT_UNREACHABLE
        assert 0.3 <= time.monotonic() - begun < 5


def test_a_call_waits_for_a_user_who_comes_within_the_linger(make: MakeRig) -> None:
    with make("one") as rig:
        rig.gateway("one")
        service = rig.service()
        calls = [gevent.spawn(push, service, "ann", str(n), 30.0) for n in range(3)]
        gevent.sleep(0)
        ann = rig.client("one", "ann")
        gevent.joinall(calls, raise_error=True)
        until_so(lambda: len(ann.notes) == 3)
        assert sorted(ann.notes) == ["0", "1", "2"]


def test_the_names_of_the_documents_call_a_user_of_the_default_communicator(
    make: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make("one") as rig:
        rig.gateway("one")
        monkeypatch.setattr(endpoint_table.DEFAULT, "opener", rig.service())
        assert not tce.Shortcuts.push("7", TalkNotes.note_oneway, "nobody hears this")
        ann = rig.client("one", "7")
        assert tce.Shortcuts.push(7, TalkNotes.note_oneway, "1", linger=30)
        TalkNotes.of(7).note_oneway("2", extra={"x": "y"})
        until_heard(ann, ["1", "2"])
        with pytest.raises(tce.RpcException, match="one-way"):
            TalkNotes.of(7).echo("x")


class TalkNotes(TalkPrx):
    """As the compiler makes proxies."""

    def note_oneway(self, text: str, extra: tce.Extra | None = None) -> None:
        self._send(NOTE, (text,), extra)


def test_a_program_without_redis_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    program = tce.RpcCommunicator()
    assert errcode_of(lambda: program.openUser("ann")) == tce.RPCERROR_CONNECT_FAILED
    monkeypatch.setattr(endpoint_table.DEFAULT, "opener", None)
    assert errcode_of(lambda: TalkNotes.of("ann")) == tce.RPCERROR_CONNECT_FAILED


def test_of_two_connections_the_last_one_is_called_and_then_the_one_that_is_left(make: MakeRig) -> None:
    with make() as rig:
        one, _ = (rig.gateway(name) for name in ("one", "two"))
        service = rig.service()
        first = rig.client("two", "ann")
        push_when_here(service, "ann", "1")
        until_heard(first, ["1"])
        last = rig.client("one", "ann")
        until_so(lambda: known_at(service, "ann") == 2)
        push(service, "ann", "2")
        until_heard(last, ["2"])
        last.proxy.conn.close()
        until_so(lambda: "ann" not in one._gateway._registries.users.roll and known_at(service, "ann") == 1)  # type: ignore[union-attr]
        push(service, "ann", "3")
        until_heard(first, ["1", "3"])


def known_at(service: tce.RpcCommunicator, user: str) -> int:
    assert service._pushes is not None
    [place] = service._pushes._places
    return len(place.where([user]).get(user, ()))


def test_what_is_published_on_a_topic_reaches_the_users_of_all_gateways(make: MakeRig) -> None:
    with make() as rig:
        for name in ("one", "two"):
            rig.gateway(name)
        ann, bob = rig.client("one", "ann"), rig.client("two", "bob")
        service = rig.service()
        for user in ("ann", "bob"):
            push_when_here(service, user, "here")
        everybody = rig.topic()
        client = redis.Redis.from_url(rig.url)
        until_so(lambda: client.zcard("topic:all") == 2, "both gateways have subscribed")
        for user in ("ann", "bob"):
            everybody._send(NOTE, ("news",), tce.Shortcuts.CALL_USER_ID(user))
        until_heard(ann, ["here", "news"])
        until_heard(bob, ["here", "news"])


@pytest.mark.parametrize("kind", ["stream", "mq"])
def test_services_hear_who_comes_and_goes(make: MakeRig, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UserTeller.__init__.__kwdefaults__, "linger", 0.5)
    monkeypatch.setitem(GatewayLease.__init__.__kwdefaults__, "seconds", 1.0)
    with make(kind=kind, properties='<property name="user_events" value="test.Events#events"/>') as rig:
        for name in ("one", "two"):
            rig.gateway(name)
        events = rig.events()
        first = rig.client("one", "ann")
        until_so(lambda: events.told == ["+ann one"])
        second, other = rig.client("two", "ann"), rig.client("two", "bob")
        until_so(lambda: events.told == ["+ann one", "+bob two"])
        for heard in (first, second):
            heard.proxy.conn.close()
        until_so(lambda: len(events.told) > 2)
        other.proxy.conn.close()
        until_so(lambda: len(events.told) > 3)
        assert [each.split()[0] for each in events.told[2:]] == ["-ann", "-bob"]


def test_a_message_whose_time_is_over_is_dropped_and_counted(make: MakeRig, redis_url: str) -> None:
    with make("one") as rig:
        gateway = rig.gateway("one")
        ann = rig.client("one", "ann")
        service = rig.service()
        push_when_here(service, "ann", "1")
        until_heard(ann, ["1"])
        TalkPrx(service.openUser("ann"))._send(NOTE, ("late",), {LINGER_TIME: f"{time.time() - 1}"})
        push(service, "ann", "2")
        until_heard(ann, ["1", "2"])
        assert gateway._gateway is not None
        assert gateway._gateway.router.state.dropped["expired"] == 1


def test_a_message_on_a_queue_of_the_gateway_finds_a_user_who_has_moved(make: MakeRig) -> None:
    """The way of the originals: a service keeps the queue of the call that it has served."""
    with make() as rig:
        for name in ("one", "two"):
            rig.gateway(name)
        service = rig.service()
        ann = rig.client("two", "ann")
        push_when_here(service, "ann", "1")
        queue = tce.RpcEndPoint("pushes_one", rig.url, type_="stream")
        back = TalkPrx(service.addEndPoint(queue).open(tce.AF_WRITE))
        back._send(NOTE, ("2",), tce.Shortcuts.CALL_USER_ID("ann"))
        until_heard(ann, ["1", "2"])


def test_what_waits_at_a_gateway_that_ends_goes_on_to_another(make: MakeRig) -> None:
    with make() as rig:
        one, _ = (rig.gateway(name) for name in ("one", "two"))
        service = rig.service()
        ann = rig.client("one", "ann")
        push_when_here(service, "ann", "first")
        until_heard(ann, ["first"])
        ann.proxy.conn.close()
        users = one._gateway._registries.users  # type: ignore[union-attr]
        until_so(lambda: "ann" not in users.roll)  # type: ignore[union-attr]
        users.pass_on("ann", note_to("ann", "second"))  # type: ignore[union-attr]
        one.shutdown()
        until_heard(rig.client("two", "ann"), ["second"])


@pytest.mark.parametrize("kind", ["stream", "mq"])
def test_what_comes_while_a_gateway_ends_is_left_to_its_successor(
    make: MakeRig, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make(kind=kind) as rig:
        one, _ = (rig.gateway(name) for name in ("one", "two"))
        ann = rig.client("two", "ann")
        push_when_here(rig.service(), "ann", "first")
        until_heard(ann, ["first"])
        pushes = rig.program("pusher").addEndPoint(tce.RpcEndPoint("pushes_one", rig.url, type_=kind))
        queue = TalkPrx(pushes.open(tce.AF_WRITE))
        close = Gateway.close

        def close_and_push(gateway: Gateway) -> None:
            close(gateway)
            linger = {LINGER_TIME: f"{time.time() + 60}"}
            queue._send(NOTE, ("second",), tce.Shortcuts.CALL_USER_ID("ann", linger))
            [reader] = [link for name, link in gateway._readers.items() if name == "pushes_one"]
            until_so(
                lambda: reader.is_draining or gateway.router.state.dropped[Reason.NOT_HERE], "it stays or is lost"
            )

        with monkeypatch.context() as patched:
            patched.setattr(Gateway, "close", close_and_push)
            one.shutdown()
        rig.gateway("one")
        until_heard(ann, ["first", "second"])


def test_a_gateway_reads_no_queue_before_it_finds_users(make: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    with make("one") as rig:
        one = rig.program("one")
        start, read = Registries.start, []

        def note_and_start(registries: Registries) -> None:
            read.extend(name for name in ("pushes_one", "all") if one.getConnectionMQCollection().reader(name))
            start(registries)

        monkeypatch.setattr(Registries, "start", note_and_start)
        serve(one, rig.file)
        assert not read
        assert one.getConnectionMQCollection().reader("pushes_one")


def note_to(user: str, text: str) -> bytes:
    """A message as it lies in an inbox, which waits for a minute."""
    extra = {"__user_id__": user, LINGER_TIME: f"{time.time() + 60}"}
    return build_body(0, CALL | ONEWAY, NOTE.route, params=NOTE.write_params(text), extra=extra)


@contextmanager
def process(rig: UserRig, name: str) -> Iterator["subprocess.Popen[str]"]:
    """A gateway that is a process."""
    command = [sys.executable, "-m", "tests.tcelib.runtime.user_program", str(rig.file), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


def test_nothing_is_lost_or_doubled_while_a_user_moves_between_two_processes(make: MakeRig) -> None:
    with make() as rig, process(rig, "one"), process(rig, "two"):
        service = rig.service()
        clients, sent = [rig.client("one", "ann")], ["0"]
        push_when_here(service, "ann", "0")
        pusher = gevent.spawn(push_on, service, sent)
        for turn in range(6):
            clients.append(rig.client(("two", "one")[turn % 2], "ann"))
            until_so(lambda: has_moved(clients), "what is sent comes to the new connection")
            clients[-2].proxy.conn.close()
        pusher.kill()
        until_so(lambda: heard_by(clients) >= set(sent), "all have arrived")
        assert sorted(note for client in clients for note in client.notes) == sorted(sent)


def push_on(service: tce.RpcCommunicator, sent: list[str]) -> None:
    """Send to a user, number by number."""
    while True:
        number = str(len(sent))
        push(service, "ann", number, linger=30.0)
        sent.append(number)
        gevent.sleep(0.002)


def has_moved(clients: Sequence[Heard]) -> bool:
    """The last client hears numbers, and all smaller ones have come to it or to those before it."""
    notes = clients[-1].notes
    return bool(notes) and heard_by(clients) >= set(map(str, range(int(notes[-1]))))


def heard_by(clients: Sequence[Heard]) -> set[str]:
    return {note for client in clients for note in client.notes}


def test_what_lay_in_the_inbox_of_a_gateway_that_was_killed_follows_its_users(make: MakeRig) -> None:
    with make() as rig, process(rig, "one"), process(rig, "two") as two:
        service = rig.service()
        before, other = rig.client("two", "ann"), rig.client("two", "bob")
        for user, heard in (("ann", before), ("bob", other)):
            push_when_here(service, user, "first")
            until_heard(heard, ["first"])
        two.kill()
        two.wait()
        push(service, "ann", "second", linger=60.0)  # into its inbox, as long as its lease has not ended
        after = rig.client("one", "ann")
        until_heard(after, ["second"])
        until_so(lambda: not known_at(service, "bob"), "the lease has ended")
        assert known_at(service, "ann") == 1
