"""Calls of binary clients to services behind queues, on real sockets; the services are the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from rtserver.base.bridge.message import SilentQueues
from rtserver.user.policy import Policy, Rights
from rtserver.user.rpc.tce_passage import TcePassage
from tcelib.gateway.table import MOST_WAITING
from tests.rpc.rig import ANSWERS, NOTE, PLACE, Services
from tests.tce_client import (
    CALL,
    CONNECT_REJECT,
    GATEWAY,
    INTERFACE_NOTFOUND,
    ONEWAY,
    PING,
    TceClient,
    packet,
    text,
)
from tests.until import until_async
from tests.user.online_server import Running, close_all, running

ways = pytest.mark.parametrize("way", ["tcp", "websocket"])
ORDERS, LOG = 60, 61


@asynccontextmanager
async def meeting(
    services: Services, way: str = "tcp", policy: Policy | None = None
) -> AsyncIterator[tuple[Running, TceClient]]:
    """A server with the route, and a client of the user whose id is 1."""
    rights = Rights(policy or Policy())
    async with running() as server:
        server.tce.shared.open_passage = partial(TcePassage, services.gate, rights)
        async with await server.meet(way) as client:
            await client.ping(token="s1")
            yield server, client


def note(number: int, words: str = "x") -> bytes:
    """A call of ``note``, as bytes."""
    return packet(CALL, number, ORDERS, NOTE & 0xFFFF, text(words))


@ways
def test_a_call_goes_to_the_queue_as_the_users_and_the_answer_comes_back(way: str) -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services, way) as (_, client):
            sequence = client.call(
                ORDERS, PLACE & 0xFFFF, b"bytes as they are", __user_id__="7", __mq_return__="theirs", trace="t"
            )
            await until_async(lambda: services.calls)
            [call] = services.take()
            assert call.extra.props == {"__mq_return__": ANSWERS, "__user_id__": "1", "trace": "t"}
            assert call.paramstream == b"bytes as they are"
            services.answer(call, b"an answer")
            answer = await client.answer(sequence)
            assert (answer.errcode, answer.params) == (0, b"an answer")

    asyncio.run(scenario())


def test_a_client_without_a_token_is_refused_with_103_and_reaches_no_service() -> None:
    async def scenario() -> None:
        services = Services()
        async with running() as server, await server.meet("tcp") as client:
            server.tce.shared.open_passage = partial(TcePassage, services.gate, Rights(Policy()))
            answer = await client.answer(client.call(ORDERS, 0, b""))
            assert (answer.errcode, services.calls) == (CONNECT_REJECT, [])

    asyncio.run(scenario())


def test_calls_of_this_servers_own_interfaces_stay_here() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (_, client):
            assert await client.ping() == "?"
            unknown = await client.answer(client.call(99, 0, b""))
            no_operation = await client.answer(client.call(ORDERS, 9, b""))
            assert (unknown.errcode, no_operation.errcode) == (INTERFACE_NOTFOUND, INTERFACE_NOTFOUND)
            assert services.calls == []

    asyncio.run(scenario())


def test_a_one_way_call_waits_for_nobody() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (_, client):
            client.call(LOG, 0, text("x"), calltype=ONEWAY)
            await until_async(lambda: services.calls)
            assert (services.calls[0].sender, services.gate.waiting) == (0, 0)

    asyncio.run(scenario())


class NoOrders(Policy):
    """Forbids an operation."""

    def may_call(self, user: object, operation: str) -> bool:
        return operation != "shop.Orders.place"


def test_a_policy_is_asked_by_the_operations_name() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services, policy=NoOrders()) as (_, client):
            answer = await client.answer(client.call(ORDERS, PLACE & 0xFFFF, b""))
            assert (answer.errcode, services.calls) == (6, [])

    asyncio.run(scenario())


def test_errors_are_those_of_a_gateway() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (_, client):
            sequence = client.call(ORDERS, 0, b"")
            await until_async(lambda: services.calls)
            services.now += 11
            services.gate.expire()
            assert (await client.answer(sequence)).errcode == 2
            services.tell(SilentQueues(frozenset({"orders"})))
            assert (await client.answer(client.call(ORDERS, 0, b""))).errcode == 101

    asyncio.run(scenario())


def test_an_answer_that_is_longer_than_clients_take_is_an_error_to_who_waits() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (server, client):
            sequence = client.call(ORDERS, 0, b"")
            await until_async(lambda: services.calls)
            services.answer(services.take()[0], bytes(server.tce.shared.max_packet_bytes))
            answer = await client.answer(sequence)
            assert (answer.errcode, answer.params) == (1, b"")
            assert services.gate.state.dropped["too_long"] == 1

    asyncio.run(scenario())


@ways
def test_a_client_is_read_no_further_while_its_calls_wait_and_in_order_afterwards(way: str) -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services, way) as (_, client):
            first, more = 1000, MOST_WAITING + 50
            for number in range(more):
                client.send(note(first + number, str(number)))
            client.send(packet(CALL, 9999, GATEWAY, PING, text("behind")))
            await until_async(lambda: len(services.calls) == MOST_WAITING)
            calls = services.take()
            for _ in range(100):
                await asyncio.sleep(0)
            assert services.calls == []
            for call in calls:
                services.answer(call, call.paramstream)
            await until_async(lambda: len(services.calls) == more - MOST_WAITING)
            for call in services.take():
                services.answer(call, call.paramstream)
            answers = [await client.recv() for _ in range(more + 1)]
            of_services = [answer for answer in answers if answer.sequence != 9999]
            assert [answer.params for answer in of_services] == [text(str(number)) for number in range(more)]
            assert answers.index(next(each for each in answers if each.params == text("behind"))) >= 50

    asyncio.run(scenario())


def test_a_client_that_is_sent_away_while_it_waits_takes_its_calls_along() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (server, client):
            for number in range(MOST_WAITING + 1):
                client.send(note(1000 + number))
            await until_async(lambda: len(services.calls) == MOST_WAITING)
            close_all(server.users)
            await until_async(lambda: not server.users.agents)
            for call in services.take():
                services.answer(call, call.paramstream)
            assert services.gate.waiting == 0
            assert services.gate.state.dropped["late"] == MOST_WAITING

    asyncio.run(scenario())


def test_two_clients_of_one_user_with_the_same_numbers_get_their_own_answers() -> None:
    async def scenario() -> None:
        services = Services()
        async with meeting(services) as (server, first), await server.meet("tcp") as second:
            await second.ping(token="s1")
            for client, words in ((first, "first"), (second, "second")):
                client.send(note(777, words))
            await until_async(lambda: len(services.calls) == 2)
            for call in reversed(services.take()):
                services.answer(call, call.paramstream)
            assert (await first.answer(777)).params == text("first")
            assert (await second.answer(777)).params == text("second")

    asyncio.run(scenario())
