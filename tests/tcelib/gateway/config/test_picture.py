"""The picture shows each hop once, with clients at the left, and every endpoint that is opened."""

from tcelib.gateway.config.picture import picture_of, picture_of_queues
from tcelib.gateway.config.queue_file import read_queue_file
from tests.tcelib.gateway.config.services_text import ANSWERS, QUEUE, SOCKET, good, properties, route, services


def picture(data: bytes) -> list[str]:
    return list(picture_of(good(data)))


def test_calls_go_to_the_right_and_answers_and_pushes_come_back() -> None:
    hops = '<call in="s" out="q"/><return in="a" out="s"/><call in="a" out="s"/>'
    wired = properties(listen="s", loopback="q#a", userid_check="true")
    endpoints = SOCKET.replace("/>", ' certfile="c" keyfile="k" errors="silence"/>') + QUEUE + ANSWERS
    assert picture(services(endpoints, route(hops, 'timeout="5" idempotent="true"') + wired)) == [
        "server gw: clients need a user id",
        "  test.Server = 2, 5 s, idempotent: a call may run twice",
        "    s --- call ---> q",
        "    s <-- call ---- a",
        "    s <-- return -- a",
        "  endpoints",
        "    s  socket, listens at localhost:1, TLS, errors are not sent",
        "    a  mq, queue a, at *:?",
        "    q  mq, queue q, at *:?",
    ]


def test_a_service_over_tcp_is_at_the_right() -> None:
    endpoints = SOCKET + '<ep name="t" type="socket" host="services" port="2"/>'
    found = picture(services(endpoints, route('<call in="s" out="t"/>') + properties(listen="s")))
    assert found[2:] == [
        "    s --- call ---> t",
        "  endpoints",
        "    s  socket, listens at localhost:1",
        "    t  socket, at services:2",
    ]


def test_queues_beside_the_routes_are_shown() -> None:
    found = picture(services(QUEUE + ANSWERS, '<extra_mqs ins="q" outs="a"/>'))
    assert found[1:3] == ["  also reads q", "  also writes a"]


def test_a_file_without_servers_says_so() -> None:
    assert picture(services().replace(b'<server name="gw"></server>', b"")) == ["no server"]


def test_a_name_in_another_script_is_quoted() -> None:
    data = services('<ep name="s" type="socket" host="\u202eevil" port="1"/>', properties(listen="s"))
    assert picture(data)[-1] == "    s  socket, listens at '\\u202eevil':1"


def test_programs_of_config_yml_read_and_write() -> None:
    reading = read_queue_file(
        b"common_defs: {endpoints: [{name: a, type: mq, host: h}, {name: b, type: mq, host: 'redis://r/1'}]}\n"
        b"client: {endpoints: [{name: a, af_mode: AF_WRITE}, {name: b, af_mode: AF_READ}],"
        b" endpoint_pairs: [{call: a, return: b}]}\n"
    )
    assert reading.model is not None, reading.findings
    assert list(picture_of_queues(reading.model)) == [
        "program client",
        "    reads  <-- b",
        "    writes --> a, answers come on b",
        "  endpoints",
        "    b  mq, queue b, at redis://r/1",
        "    a  mq, queue a, at h:?",
    ]
