"""Servers of services.xml: routes, properties, and what they leave open."""

import pytest

from tcelib.gateway.config.model import DEFAULT_TIMEOUT, Hop
from tcelib.gateway.config.services import read_services
from tests.tcelib.gateway.config.services_text import (
    ANSWERS,
    QUEUE,
    SOCKET,
    good,
    properties,
    route,
    services,
    told,
)

WIRED = properties(listen="s", loopback="q#a")


def test_a_route_has_a_timeout_and_says_whether_calls_may_run_twice() -> None:
    endpoints = SOCKET + QUEUE + ANSWERS
    plain = good(services(endpoints, route() + WIRED)).servers["gw"].routes[0]
    assert (plain.timeout, plain.is_idempotent) == (DEFAULT_TIMEOUT, False)
    other = services(endpoints, route(attributes='timeout="2.5" idempotent="true"') + WIRED)
    assert (good(other).servers["gw"].routes[0].timeout, good(other).servers["gw"].routes[0].is_idempotent) == (
        2.5,
        True,
    )


@pytest.mark.parametrize("text", ["0", "-1", "nan", "86401", "1e9", "٣"])
def test_a_timeout_that_is_none_is_an_error(text: str) -> None:
    data = services(SOCKET + QUEUE + ANSWERS, route(attributes=f'timeout="{text}"') + WIRED)
    assert "timeout is more than 0" in told(data)[0]


def test_the_last_of_two_routes_or_steps_counts_as_in_the_original_and_is_told() -> None:
    first = route('<call in="s" out="a"/>')
    second = route('<call in="s" out="a"/><call in="s" out="q"/><return in="a" out="s"/>')
    data = services(SOCKET + QUEUE + ANSWERS, first + second + WIRED)
    assert [text.partition("warning: ")[2] for text in told(data)] == [
        "a second route of 'test.Server' replaces the first",
        "a second <call> in='s' replaces the first",
    ]
    assert good(data).servers["gw"].routes[0].calls == (Hop("s", "q"),)


def test_two_interfaces_of_one_id_are_allowed_until_a_server_routes_both() -> None:
    interfaces = '<if id="2" name="test.Server"/><if id="2" name="other.Server"/>'
    assert "no server can route both" in told(services(interfaces=interfaces))[0]
    assert read_services(services(interfaces=interfaces)).model is not None
    both = route("") + '<route if="other.Server"/>'
    assert any("no way to tell them apart" in text for text in told(services(SOCKET, both, interfaces=interfaces)))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"userid_check": "yes"}, "error: property userid_check is true or false, not 'yes'"),
        ({"userid_check": "True"}, "error: property userid_check is true or false, not 'True'"),
        ({"listen": "s,nowhere"}, "error: property listen: no endpoint is called 'nowhere'"),
        ({"loopback": "q"}, "error: property loopback: 'q' is no callQueue#returnQueue"),
        ({"loopback": "q#"}, "error: property loopback: 'q#' is no callQueue#returnQueue"),
        ({"loopback": "q#s"}, "error: property loopback: 's' is a socket, not a queue"),
        ({"user_events": "q"}, "error: property user_events: 'q' is no interface#queue"),
        ({"user_events": "#q"}, "error: property user_events: '#q' is no interface#queue"),
        ({"user_events": "test.No#q"}, "error: property user_events: no interface is called 'test.No'"),
        ({"user_events": "test.Server#s"}, "error: property user_events: 's' is a socket, not a queue"),
    ],
)
def test_a_property_that_gateways_read_is_checked(values: dict[str, str], complaint: str) -> None:
    assert complaint in told(services(SOCKET + QUEUE, properties(**values)))[0]


def test_who_hears_of_users_is_a_queue_that_the_gateway_writes() -> None:
    server = good(services(QUEUE, properties(user_events="test.Server # q"))).servers["gw"]
    assert (server.user_events, server.writes) == ((2, "q"), ("q",))
    assert good(services(QUEUE, properties(user_events=" "))).servers["gw"].user_events is None


def test_other_properties_are_the_applications() -> None:
    assert good(services(server=properties(colour="red"))).servers["gw"].properties == {"colour": "red"}


def test_calls_whose_answers_would_not_arrive_are_warned_of() -> None:
    endpoints = SOCKET + QUEUE + ANSWERS
    without = services(endpoints, route() + properties(listen="s"))
    assert "from 's' to 'q' have no answers: the property loopback has no q#..." in told(without)[0]
    lost = services(endpoints, route('<call in="s" out="q"/>') + WIRED)
    assert "have no answers: there is no <return in='a' out='s'/>" in told(lost)[0]
    assert not told(services(endpoints, route() + WIRED))


def test_ways_that_a_gateway_does_not_go_are_warned_of() -> None:
    endpoints = SOCKET + QUEUE + ANSWERS + '<ep name="t" type="websocket" port="2"/>'
    listens = properties(listen="s,t", loopback="q#a")
    among = services(endpoints, route('<call in="s" out="t"/>') + listens)
    assert told(among) == ["5:10: warning: calls of 'test.Server' from clients to clients are refused"]
    back = services(endpoints, route('<call in="q" out="s"/><return in="s" out="a"/>') + listens)
    assert told(back) == ["5:10: warning: answers of clients ('s') are dropped: one could be for the call of another"]
