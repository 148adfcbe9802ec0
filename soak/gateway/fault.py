"""Faults: one function for each kind, which breaks something and mends it again. See ``soak.chaos.fault``."""

import asyncio
import random
import time
from collections.abc import Iterable
from contextlib import suppress

from soak.async_redis import cancellable_client
from soak.chaos.fault_kind import Fault
from soak.chaos.proxy import cut_some, hang
from soak.gateway.client import Client
from soak.gateway.layout import CALLS, HOST, MQ, Size, answers_of, names_of
from soak.gateway.program import Program
from soak.gateway.stage import Stage
from tcelib.wire.message import MAGIC, MESSAGE_BYTES

FULL_BYTES = 1
AWAY_SECONDS = 10.0
RUBBISH_PAUSE = 0.005
PACKET_FRONT = MAGIC.to_bytes(4, "big") + (1_000).to_bytes(4, "big")


def with_redis(size: Size) -> bool:
    """Fit a run whose queues are in Redis."""
    return size.is_redis


async def kill_service(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to one service, started again after a while."""
    await _kill([chance.choice(stage.services)], seconds)


async def kill_services(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGKILL to all services: nobody answers for a while."""
    await _kill(stage.services, seconds)


async def freeze_service(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGSTOP to one service, perhaps for longer than its lease; then SIGCONT."""
    await _freeze(chance.choice(stage.services), seconds)


async def end_service(stage: Stage, _seconds: float, chance: random.Random) -> None:
    """SIGTERM to one service, which ends what it has begun; started again."""
    service = chance.choice(stage.services)
    await service.terminate()
    service.start()


async def kill_gateway(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to one gateway: its clients go to another one."""
    await _kill([chance.choice(stage.gateways)], seconds)


async def kill_gateways(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGKILL to all gateways."""
    await _kill(stage.gateways, seconds)


async def freeze_gateway(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGSTOP to one gateway: its clients stay and hear nothing. Then SIGCONT."""
    gateway = chance.choice(stage.gateways)
    await _freeze(gateway, seconds, stage.clients_of(gateway), stage)


async def end_gateway(stage: Stage, _seconds: float, chance: random.Random) -> None:
    """SIGTERM to one gateway; started again."""
    gateway = chance.choice(stage.gateways)
    await gateway.terminate()
    gateway.start()
    await gateway.wait_ready()


async def kill_queues(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGKILL to Redis or the broker, started again."""
    await stage.queues.kill()
    await asyncio.sleep(seconds)
    await stage.queues.start()


async def freeze_queues(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGSTOP to Redis or the broker: connections stay, answers do not come. Then SIGCONT."""
    stage.queues.freeze()
    await asyncio.sleep(seconds)
    stage.queues.thaw()


async def fill_queues(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """Redis is over its maxmemory, and refuses what needs some."""
    await stage.queues.limit_memory(FULL_BYTES)
    await asyncio.sleep(seconds)
    await stage.queues.limit_memory(0)


async def cut_clients(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Single clients lose their connections, again and again."""
    await cut_some(seconds, chance, *stage.fronts)


async def cut_queues(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Gateways and services lose single connections to the queues, commands under way included."""
    await cut_some(seconds, chance, *stage.queue_links)


async def half_open_clients(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Half of the clients' connections hang, then are reset."""
    links = [link for front in stage.fronts for link in front.links]
    some = chance.sample(links, (len(links) + 1) // 2)
    with_hung = stage.clients_on(some)
    stage.account.hang(client.path for client in with_hung if client.path)
    await hang(seconds, some)


async def half_open_queues(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """All connections to the queues hang, and new ones work. Then they are reset."""
    await hang(seconds, [link for proxy in stage.queue_links for link in proxy.links])


async def poison_queues(stage: Stage, seconds: float, chance: random.Random) -> None:
    """A careless producer puts bytes that are no messages on all queues, and entries that are none."""
    queues = [CALLS, *map(answers_of, names_of("gateway", stage.size.gateways))]
    deadline = time.monotonic() + seconds
    async with cancellable_client(stage.queues.url) as client:
        while time.monotonic() < deadline:
            for queue in queues:
                rubbish = rubbish_of(chance)
                if stage.size.kind == MQ:
                    await client.rpush(queue, rubbish)
                else:
                    await client.xadd(queue, {chance.choice(("body", "body", "corpse")): rubbish})
            await asyncio.sleep(RUBBISH_PAUSE)


async def noisy_clients(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Strangers connect to the gateways and send rubbish, or half a packet and nothing more."""
    deadline = time.monotonic() + seconds
    strangers: list[asyncio.StreamWriter] = []
    while time.monotonic() < deadline:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, chance.choice(stage.gateways).port)
            strangers.append(writer)
            writer.write(chance.choice((rubbish_of(chance), PACKET_FRONT, PACKET_FRONT + rubbish_of(chance))))
        await asyncio.sleep(RUBBISH_PAUSE)
    for writer in strangers:
        writer.transport.abort()


def rubbish_of(chance: random.Random) -> bytes:
    """Return some bytes, often as many as a message has at least."""
    return chance.randbytes(chance.choice((0, 1, MESSAGE_BYTES - 1, MESSAGE_BYTES, MESSAGE_BYTES + 8, 300, 4_000)))


async def kill_all(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to everything at once, started again in any order."""
    programs: list[Program] = stage.programs
    await asyncio.gather(stage.queues.kill(), *(program.child.kill() for program in programs))
    await asyncio.sleep(seconds)
    starts = [stage.queues.child.start, *(program.start for program in programs)]
    for start in chance.sample(starts, len(starts)):
        start()
        await asyncio.sleep(chance.uniform(0, 0.2))


FAULTS = (
    Fault("kill one service", 0.0, 3.0, kill_service, "kill -9 one service, start it again"),
    Fault("kill services", 0.0, 2.0, kill_services, "kill -9 all services, start them again"),
    Fault("freeze one service", 3.0, 14.0, freeze_service, "SIGSTOP to one service, perhaps past its lease"),
    Fault("end one service", 0.0, 0.0, end_service, "SIGTERM to one service, and a new start"),
    Fault("kill one gateway", 0.0, 3.0, kill_gateway, "kill -9 one gateway, start it again"),
    Fault("kill gateways", 0.0, 2.0, kill_gateways, "kill -9 all gateways, start them again"),
    Fault("freeze one gateway", 2.0, 6.0, freeze_gateway, "SIGSTOP to one gateway, then SIGCONT"),
    Fault("end one gateway", 0.0, 0.0, end_gateway, "SIGTERM to one gateway, and a new start"),
    Fault("kill queues", 0.0, 2.0, kill_queues, "kill -9 Redis or the broker, start it again"),
    Fault("queues away", AWAY_SECONDS, AWAY_SECONDS, kill_queues, "the same, away for ten seconds"),
    Fault("freeze queues", 2.0, 6.0, freeze_queues, "SIGSTOP to Redis or the broker, then SIGCONT"),
    Fault("fill queues", 2.0, 4.0, fill_queues, "maxmemory below what is used, then none", with_redis),
    Fault("cut clients", 2.0, 3.0, cut_clients, "end and reset single connections of clients"),
    Fault("cut queues", 2.0, 3.0, cut_queues, "end and reset single connections to the queues"),
    Fault("half-open clients", 2.0, 5.0, half_open_clients, "half of the clients' connections hang, are reset"),
    Fault("half-open queues", 2.0, 6.0, half_open_queues, "all connections to the queues hang, are reset"),
    Fault("poison queues", 1.0, 3.0, poison_queues, "bytes that are no messages on all queues", with_redis),
    Fault("noisy clients", 1.0, 3.0, noisy_clients, "strangers who send rubbish to the gateways"),
    Fault("kill all", 0.0, 1.0, kill_all, "kill -9 everything, start it again"),
)


async def _kill(programs: Iterable[Program], seconds: float) -> None:
    programs = list(programs)
    await asyncio.gather(*(program.child.kill() for program in programs))
    await asyncio.sleep(seconds)
    for program in programs:
        program.start()
    for program in programs:
        await program.wait_ready()


async def _freeze(
    program: Program, seconds: float, clients: Iterable[Client] = (), stage: Stage | None = None
) -> None:
    """Freeze a program. Its ``clients`` cannot know anything meanwhile."""
    program.freeze()
    paths = [client.path for client in clients if client.path]
    if stage is not None:
        stage.account.hang(paths)
    await asyncio.sleep(seconds)
    program.thaw()
    if stage is not None:
        stage.account.hang(paths, time.monotonic())
