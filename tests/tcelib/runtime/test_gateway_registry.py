"""Gateways in the registry of their Redis: who answers on a queue, and numbers of their own."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import tcelib as tce
from tcelib.gateway.config.services import read_services
from tcelib.gateway.user_id import COUNTER_BITS, UserIds
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.runtime.gateway.error import GatewayError
from tcelib.runtime.gateway.gateway import Gateway
from tcelib.runtime.gateway.registry import places_of
from tcelib.service.inbox import GATEWAY, inbox_among
from tcelib.service.service_lease import REGISTRY, SERVICE
from tests.redis_process import RedisProcess
from tests.tcelib.runtime.gateway_rig import SERVICES, GatewayRig, errcode_of, until_so

LONG = 60.0
PATIENCE = (
    "runtime.gateway.registry.PATIENCE_SECONDS",
    "runtime.gateway.gateway_lease.STOP_SECONDS",
    "runtime.gateway.queue_writer.CLOSE_SECONDS",
    "transport.hub.queue_link.CLOSE_SECONDS",
    "transport.hub.queue_source.CLOSE_SECONDS",
    "service.service_lease.STOP_SECONDS",
)
"""Names of the seconds for which a gateway waits for Redis, at its start and at its end."""
FORM = {"door": "socket", "port": 1, "service_port": 2, "timeout": 5, "checks": "false", "attributes": ""}
MakeRig = Callable[..., GatewayRig]


@pytest.fixture
def make(tmp_path: Path, redis_url: str) -> MakeRig:
    """Makes a gateway over the Redis of the test."""
    return lambda **options: GatewayRig(tmp_path, redis_url, **options)


def test_a_call_of_a_queue_that_no_service_reads_fails_at_once_until_one_does(make: MakeRig) -> None:
    with make() as rig:
        prx = rig.dial()
        assert errcode_of(lambda: prx.echo("x", LONG)) == tce.RPCERROR_CONNECT_UNREACHABLE
        assert rig.state.refused["no_responders"] == 1
        service = rig.serve()
        assert prx.echo("x") == "x"
        service.shutdown()
        until_so(lambda: rig.state.away == {"calls"}, "the lease is given back")
        assert errcode_of(lambda: prx.echo("x", LONG)) == tce.RPCERROR_CONNECT_UNREACHABLE


def test_a_one_way_call_waits_for_the_service_that_comes(make: MakeRig) -> None:
    with make() as rig:
        prx = rig.dial()
        prx.note_oneway("meanwhile")
        assert errcode_of(lambda: prx.echo("x", LONG)) == tce.RPCERROR_CONNECT_UNREACHABLE
        rig.serve()
        until_so(lambda: rig.servant.notes == ["meanwhile"], "it came")


def test_a_client_that_takes_errors_for_answers_is_not_told_that_nobody_is_there(make: MakeRig) -> None:
    with make(attributes='errors="silence"') as rig:
        prx = rig.dial()
        assert errcode_of(lambda: prx.echo("x", 0.2)) == tce.RPCERROR_TIMEOUT
        assert rig.state.dropped["silenced"] == 1


def test_a_service_whose_lease_ended_may_come_back_so_calls_wait_for_it(make: MakeRig, redis_url: str) -> None:
    with make(timeout=0.5) as rig, plain_client(redis_url) as client:
        leases = RedisLeases(client, REGISTRY)
        leases.join(Registration(SERVICE, "killed", reads=("calls",)), 0.1)
        until_so(lambda: not rig.state.away, "it is seen")
        until_so(lambda: "killed" not in names(leases), "its lease has ended")
        assert errcode_of(lambda: rig.dial().echo("x", LONG)) == tce.RPCERROR_TIMEOUT


def names(leases: RedisLeases) -> list[str]:
    """The services that are there."""
    return [holder.registration.name for holder in leases.holders(SERVICE)]


def test_lists_have_no_leases_so_their_calls_always_wait(make: MakeRig) -> None:
    with make(kind="mq", timeout=0.5) as rig:
        assert not rig.state.away
        assert errcode_of(lambda: rig.dial().echo("x", LONG)) == tce.RPCERROR_TIMEOUT


def test_while_the_registry_is_away_nothing_is_certain(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, GatewayRig(tmp_path, server.url) as rig:
        assert rig.state.away == {"calls"}
        server.stop()
        until_so(lambda: not rig.state.away, "nobody tells")


def test_a_redis_that_says_nothing_does_not_hold_up_a_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PATIENCE:
        monkeypatch.setattr(f"tcelib.{name}", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        with GatewayRig(tmp_path, url, timeout=0.2) as rig:
            assert not rig.state.away
            assert errcode_of(lambda: rig.dial().echo("x", LONG)) == tce.RPCERROR_TIMEOUT


def test_a_gateway_leases_a_number_and_gives_ids_of_it(make: MakeRig, redis_url: str) -> None:
    with make() as rig, plain_client(redis_url) as client:
        rig.serve()
        [holder] = RedisLeases(client, REGISTRY).holders(GATEWAY)
        answers, inbox = holder.registration.reads
        assert (answers, inbox_among([inbox]), holder.registration.holds) == ("answers", inbox, ("user",))
        assert int(rig.dial().extra("__user_id__")) >> COUNTER_BITS == int(holder.registration.name)
        rig.gateway.shutdown()
        assert RedisLeases(client, REGISTRY).holders(GATEWAY) == []


@pytest.mark.parametrize(
    ("kind", "host", "places"),
    [
        ("stream", "redis://there", [("redis://there", ("answers",), {"calls": "calls"})]),
        ("mq", "there", [("redis://there:6379/0", ("answers",), {})]),
        ("qpid", "there", []),
    ],
)
def test_there_is_a_registry_in_each_redis_and_no_other_queues_have_leases(
    kind: str, host: str, places: list[object]
) -> None:
    text = SERVICES.format(**FORM, kind=kind, url=host, out="calls").replace('"there"', '"there" port="6379"')
    services = read_services(text.encode()).model
    assert services is not None
    assert [tuple(place) for place in places_of(services.servers["gateway"], services.endpoints)] == places


@pytest.mark.parametrize("kind", ["qpid", "stream"])
def test_the_property_names_the_registry_that_comes_first(kind: str) -> None:
    text = SERVICES.format(**FORM, kind=kind, url="there", out="calls").replace('"there"', '"there" port="6379"')
    text = text.replace("<properties>", '<properties><property name="registry" value="redis://here"/>')
    services = read_services(text.encode()).model
    assert services is not None
    first, *others = places_of(services.servers["gateway"], services.endpoints)
    assert first == ("redis://here", (), {})
    assert len(others) == (kind == "stream")


def test_a_topic_has_no_leases() -> None:
    text = SERVICES.format(**FORM, kind="stream", url="redis://there", out="calls")
    text = text.replace('name="calls" type', 'name="calls" address="calls;{node:{type:topic}}" type')
    services = read_services(text.encode()).model
    assert services is not None
    [place] = places_of(services.servers["gateway"], services.endpoints)
    assert place.calls == {}


@pytest.mark.parametrize("url", ["redis+cluster://there:1", "rediss+cluster://there:1,here:2"])
def test_events_of_users_need_a_registry_that_is_no_cluster(url: str) -> None:
    events = '<properties><property name="user_events" value="test.Talk#calls"/>'
    text = SERVICES.format(**FORM, kind="stream", url=url, out="calls").replace("<properties>", events)
    services = read_services(text.encode()).model
    assert services is not None

    def open_none(name: str, af: int) -> tce.RpcConnection:
        raise AssertionError("nothing is opened")

    gateway = Gateway(services, services.servers["gateway"], open_none, UserIds(1))
    with pytest.raises(GatewayError, match="user_events needs a registry in a Redis that is no Cluster"):
        gateway.start()
