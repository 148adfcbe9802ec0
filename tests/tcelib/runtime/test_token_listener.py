# ruff: noqa: N802  the names that TCE's users know
"""Tokens at the doors of a gateway, over real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

import tcelib as tce
from tcelib.runtime.token_listener import TokenListener
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import ECHO, TalkPrx

DOORS = pytest.mark.parametrize("door", ["socket", "websocket"])
MakeRig = Callable[..., GatewayRig]


class Site:
    """A site that knows users by their tokens. Look-ups wait for ``gate``. ``asked`` has the tokens of each.

    A ``careless`` one returns nothing at all.
    """

    def __init__(self) -> None:
        self.users: dict[str, Any] = {"ann's": 7, "bob's": "bob", "nobody's": ""}
        self.trouble: Exception | None = None
        self.careless = False
        self.asked: list[Sequence[str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def verify(self, tokens: Sequence[str]) -> Mapping[str, object]:
        self.asked.append(tokens)
        self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.careless:
            return None  # type: ignore[return-value]
        return {token: self.users.get(token) for token in tokens}


@pytest.fixture
def site() -> Iterator[Site]:
    """A site whose look-ups end with the test at the latest."""
    site = Site()
    yield site
    site.gate.set()


@pytest.fixture
def make(tmp_path: Path, redis_url: str, site: Site) -> MakeRig:
    """Makes a gateway that asks the site; its clients need a user id unless ``is_required`` is false."""

    def make(*, is_required: bool = True, door: str = "socket", attributes: str = "", **options: Any) -> GatewayRig:
        listener = TokenListener(site.verify, is_required=is_required, **options)
        checks = "true" if is_required else "false"
        return GatewayRig(
            tmp_path, redis_url, door=door, checks=checks, attributes=attributes, listener=listener, kind="mq"
        )

    return make


def dial(rig: GatewayRig, token: str) -> TalkPrx:
    prx = rig.dial()
    if token:
        prx.conn.setToken(token)
    return prx


def users_of(rig: GatewayRig) -> list[str]:
    return sorted(client.user_id for client in rig.state.table.doors["clients"].clients)


@DOORS
def test_a_client_with_a_token_is_its_user(make: MakeRig, site: Site, door: str) -> None:
    with make(door=door) as rig:
        rig.serve()
        ann, bob = dial(rig, "ann's"), dial(rig, "bob's")
        assert [prx.extra("__user_id__") for prx in (ann, bob, ann)] == ["7", "bob", "7"]
        assert site.asked == [("ann's",), ("bob's",)]


@DOORS
@pytest.mark.parametrize("token", ["", "forged", "nobody's"])
def test_a_client_without_a_valid_token_is_refused_and_its_connection_closed(
    make: MakeRig, door: str, token: str
) -> None:
    with make(door=door) as rig:
        rig.serve()
        prx = dial(rig, token)
        assert errcode_of(lambda: prx.echo("x")) == tce.RPCERROR_CONNECT_REJECT
        until_so(lambda: not prx.conn.is_open)
        assert users_of(rig) == []
        assert rig.servant.tokens == []
        prx.conn.setToken("ann's")
        assert prx.extra("__user_id__") == "7"


def test_calls_behind_the_first_wait_for_the_verdict_and_keep_their_order(make: MakeRig, site: Site) -> None:
    with make() as rig:
        rig.serve()
        site.gate.clear()
        prx = dial(rig, "ann's")
        promises = [prx.echo_async(str(number)) for number in range(50)]
        until_so(lambda: site.asked)
        assert not any(promise.done() for promise in promises)
        site.gate.set()
        assert [promise.get() for promise in promises] == [str(number) for number in range(50)]
        assert len(rig.servant.tokens) == 50


def test_while_a_token_is_looked_up_all_other_clients_go_on(make: MakeRig, site: Site) -> None:
    with make() as rig:
        rig.serve()
        ann, bob = dial(rig, "ann's"), dial(rig, "bob's")
        assert ann.echo("in") == "in"
        site.gate.clear()
        waiting = bob.echo_async("x")
        until_so(lambda: len(site.asked) == 2)
        assert [ann.echo(str(number)) for number in range(10)] == [str(number) for number in range(10)]
        assert not waiting.done()


def test_tokens_that_come_while_one_is_looked_up_are_looked_up_together(make: MakeRig, site: Site) -> None:
    with make() as rig:
        rig.serve()
        site.gate.clear()
        promises = [dial(rig, "ann's").echo_async("first")]
        until_so(lambda: site.asked)
        promises += [dial(rig, token).echo_async(token) for token in ("bob's", "ann's", "bob's")]
        listener: Any = rig.gateway._listener
        until_so(lambda: len(listener._asking) == 4)
        site.gate.set()
        assert [promise.get() for promise in promises] == ["first", "bob's", "ann's", "bob's"]
        assert [sorted(tokens) for tokens in site.asked] == [["ann's"], ["ann's", "bob's"]]


@pytest.mark.parametrize("trouble", [OSError("the database is away"), ValueError("?")])
def test_a_look_up_that_fails_refuses_and_the_next_one_counts(make: MakeRig, site: Site, trouble: Exception) -> None:
    with make() as rig:
        rig.serve()
        prx = dial(rig, "ann's")
        site.trouble = trouble
        assert errcode_of(lambda: prx.echo("x")) == tce.RPCERROR_CONNECT_REJECT
        site.trouble = None
        assert prx.echo("x") == "x"


def test_a_look_up_without_an_end_refuses(make: MakeRig, site: Site) -> None:
    with make(login_seconds=0.2) as rig:
        rig.serve()
        site.gate.clear()
        assert errcode_of(lambda: dial(rig, "ann's").echo("x")) == tce.RPCERROR_CONNECT_REJECT


def test_where_no_token_is_required_a_client_may_be_nobody_but_not_forge_one(make: MakeRig) -> None:
    with make(is_required=False) as rig:
        rig.serve()
        assert int(dial(rig, "").extra("__user_id__")) >= 1 << 40
        assert dial(rig, "ann's").extra("__user_id__") == "7"
        assert errcode_of(lambda: dial(rig, "forged").echo("x")) == tce.RPCERROR_CONNECT_REJECT


@DOORS
def test_a_connection_that_shows_no_token_in_time_is_closed(make: MakeRig, door: str) -> None:
    with make(door=door, login_seconds=0.2) as rig:
        rig.serve()
        known, silent = dial(rig, "ann's"), dial(rig, "")
        assert known.echo("x") == "x"
        silent.conn.sendMessage(tce.RpcMessage(calltype=0x02))  # opens the connection; an answer to nothing
        until_so(lambda: not silent.conn.is_open)
        assert known.conn.is_open


def test_a_token_that_ends_ends_its_connections_and_no_others(make: MakeRig, site: Site) -> None:
    with make(recheck_seconds=0.1) as rig:
        rig.serve()
        ann, again, bob = dial(rig, "ann's"), dial(rig, "ann's"), dial(rig, "bob's")
        for prx in (ann, again, bob):
            prx.echo("in")
        site.users["ann's"] = None
        until_so(lambda: not ann.conn.is_open and not again.conn.is_open)
        assert bob.conn.is_open
        assert users_of(rig) == ["bob"]


def test_a_token_of_another_user_ends_its_connections(make: MakeRig, site: Site) -> None:
    with make(recheck_seconds=0.1) as rig:
        rig.serve()
        ann = dial(rig, "ann's")
        ann.echo("in")
        site.users["ann's"] = 8
        until_so(lambda: not ann.conn.is_open)


def test_while_tokens_cannot_be_looked_up_connections_stay(make: MakeRig, site: Site) -> None:
    with make(recheck_seconds=0.05) as rig:
        rig.serve()
        ann = dial(rig, "ann's")
        ann.echo("in")
        site.trouble = OSError("away")
        asked = len(site.asked)
        until_so(lambda: len(site.asked) > asked + 2)
        assert ann.echo("still") == "still"


class Nameless:
    """A user whose id cannot be told."""

    @property
    def user_id(self) -> str:
        raise OSError("the database is away")


def test_a_verify_that_returns_nothing_refuses_and_ends_no_recheck(make: MakeRig, site: Site) -> None:
    with make(recheck_seconds=0.05) as rig:
        rig.serve()
        ann = dial(rig, "ann's")
        ann.echo("in")
        site.careless = True
        assert errcode_of(lambda: dial(rig, "bob's").echo("x")) == tce.RPCERROR_CONNECT_REJECT
        asked = len(site.asked)
        until_so(lambda: len(site.asked) > asked + 2)
        assert ann.conn.is_open
        site.careless = False
        site.users["ann's"] = None
        until_so(lambda: not ann.conn.is_open)


def test_a_user_whose_id_cannot_be_told_keeps_no_others_in(make: MakeRig, site: Site) -> None:
    with make(recheck_seconds=0.05) as rig:
        rig.serve()
        ann, bob = dial(rig, "ann's"), dial(rig, "bob's")
        ann.echo("in")
        bob.echo("in")
        site.users |= {"ann's": Nameless(), "bob's": None}
        until_so(lambda: not bob.conn.is_open)
        assert ann.echo("still") == "still"
        assert errcode_of(lambda: dial(rig, "ann's").echo("x")) == tce.RPCERROR_CONNECT_REJECT
        site.users["ann's"] = None
        until_so(lambda: not ann.conn.is_open)


class CloseAll(tce.RpcConnectionEventListener):
    """An application that closes all connections as soon as one has ``gone``."""

    def __init__(self) -> None:
        self.there: list[tce.RpcConnection] = []
        self.gone = 0

    def onConnected(self, conn: tce.RpcConnection) -> None:
        self.there.append(conn)

    def onDisconnected(self, conn: tce.RpcConnection) -> None:
        self.gone += 1
        there, self.there = self.there, []
        for each in there:
            each.close()


def test_a_connection_that_another_one_takes_along_keeps_no_late_ones_in(make: MakeRig) -> None:
    application = CloseAll()
    with make(login_seconds=0.1, then=application) as rig, ExitStack() as stack:
        for gone in (2, 4):
            for _ in range(2):
                stack.enter_context(socket.create_connection(("127.0.0.1", rig.port)))
            until_so(lambda gone=gone: application.gone == gone)  # type: ignore[misc]


def test_a_client_that_takes_errors_for_answers_is_told_nothing(make: MakeRig) -> None:
    with make(attributes='errors="silence"') as rig:
        rig.serve()
        assert errcode_of(lambda: dial(rig, "forged").echo("x")) == tce.RPCERROR_CONNECTION_LOST


def test_the_applications_own_listener_is_told_of_those_who_are_let_in(make: MakeRig, site: Site) -> None:
    class Own(tce.RpcConnectionEventListener):
        def __init__(self) -> None:
            self.log: list[tuple[object, ...]] = []

        def onConnected(self, conn: tce.RpcConnection) -> None:
            self.log.append(("connected",))

        def onDisconnected(self, conn: tce.RpcConnection) -> None:
            self.log.append(("gone", conn.user))

        def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:
            self.log.append(("packet", conn.getUserId(), conn.getRecvedMessageCount()))
            return True

    own = Own()
    with make(then=own) as rig:
        rig.serve()
        ann, forger = dial(rig, "ann's"), dial(rig, "forged")
        ann.echo("x")
        ann.echo("y")
        ann.conn.close()
        until_so(lambda: len(own.log) == 4)
        with suppress(tce.RpcException):
            forger.echo("x")
        until_so(lambda: len(own.log) == 6)
    ann_s = [("connected",), ("packet", "7", 1), ("packet", "7", 2), ("gone", 7)]
    assert own.log == [*ann_s, ("connected",), ("gone", None)]


def test_a_listener_that_is_set_again_asks_nobody_who_is_in(make: MakeRig, site: Site) -> None:
    with make() as rig:
        rig.serve()
        ann = dial(rig, "ann's")
        ann.echo("x")
        rig.gateway.setProperty("colour", "green")
        assert ann.echo("y") == "y"
        assert len(site.asked) == 1


def test_a_service_that_the_gateway_connects_to_shows_no_token(tmp_path: Path, redis_url: str, site: Site) -> None:
    listener = TokenListener(site.verify)
    with GatewayRig(tmp_path, redis_url, out="balancer", checks="true", listener=listener) as rig:
        rig.serve_tcp()
        rig.gateway.setConnectionEventListener(listener)
        assert dial(rig, "ann's").echo("x") == "x"


def test_a_client_that_is_let_in_costs_no_listener(make: MakeRig) -> None:
    with make() as rig:
        rig.serve()
        dial(rig, "ann's").echo("x")
        (conn,) = rig.gateway._adapters["clients"].connections
        assert conn.listener is None
        assert conn.user == 7


def test_one_way_calls_of_a_forger_reach_nobody(make: MakeRig) -> None:
    with make() as rig:
        rig.serve()
        forger = dial(rig, "forged")
        forger.note_oneway("x")
        forger._send(ECHO, ("y",))
        until_so(lambda: not forger.conn.is_open)
        assert dial(rig, "ann's").echo("z") == "z"
        assert rig.servant.notes == []
        assert rig.servant.tokens == ["ann's"]
