"""The faults: one function for each kind, which breaks something and mends it again.

Each gets the stage, how long the fault lasts, and its own chances. It returns when everything has been let go again,
and what was ended has been started and is ready; whether all is well then is asked by ``run``.
"""

import asyncio
import random
import signal
from collections.abc import Callable

from soak.chaos.fault_kind import Fault
from soak.chaos.proxy import End, Link, Proxy, cut_some, hang
from soak.chaos.size import Size
from soak.chaos.stage import Stage

FULL_BYTES = 1  # of memory that Redis may use: it uses more when it is empty
UNSEEN_SECONDS = 3.0  # a page says about once a second what it has seen


def with_servers(size: Size) -> bool:
    """Fit a run with another server that goes on."""
    return size.servers > 1


def with_lone_servers(size: Size) -> bool:
    """Fit a run whose servers are one process each."""
    return size.workers == 1


def with_workers(size: Size) -> bool:
    """Fit a run whose servers are supervisors of workers."""
    return size.workers > 1


def with_one_redis(size: Size) -> bool:
    """Fit a run that reaches its Redis through proxies; with Sentinels, servers connect to it directly."""
    return not size.has_sentinels


def with_sentinels(size: Size) -> bool:
    """Fit a run whose Redis fails over."""
    return size.has_sentinels


async def kill_servers(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to every server at once; started again after a while, and sometimes killed while it starts."""
    for _ in range(chance.choice((1, 1, 2))):
        for server in stage.servers:
            await stage.kill(server)
        await asyncio.sleep(seconds)
        for server in stage.servers:
            server.start()
        await asyncio.sleep(chance.uniform(0, 1.5))
    await stage.wait_ready()


async def kill_server(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to one of several; the others go on without it for a while."""
    server = chance.choice(stage.servers)
    await stage.kill(server)
    await asyncio.sleep(seconds)
    server.start()
    await server.wait_ready()


async def kill_worker(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to one worker, sometimes again while the new one starts; its supervisor starts it each time."""
    server = chance.choice(stage.servers)
    position = chance.choice(server.workers.positions)
    for _ in range(chance.choice((1, 1, 2))):
        await stage.kill_worker(server, position)
        await asyncio.sleep(seconds)
    await server.wait_ready()


async def freeze_server(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGSTOP to one of several: its connections stay and it does nothing, as a machine that swaps. Then SIGCONT.

    With workers it is the supervisor that stands still, while they go on.
    """
    server = chance.choice(stage.servers)
    server.freeze()
    await asyncio.sleep(seconds)
    server.thaw()
    await server.wait_ready()


async def freeze_worker(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGSTOP to one worker: its connections stay, and newcomers are led past it. Then SIGCONT."""
    server = chance.choice(stage.servers)
    pids = server.workers.freeze(chance.choice(server.workers.positions))
    await asyncio.sleep(seconds)
    server.workers.thaw(pids)
    await server.wait_ready()


async def renew_workers(stage: Stage, _seconds: float, _chance: random.Random) -> None:
    """SIGHUP to each supervisor: its workers are renewed one after the other."""
    for server in stage.servers:
        await stage.renew(server, signal.SIGHUP)


async def replace_supervisors(stage: Stage, _seconds: float, _chance: random.Random) -> None:
    """SIGUSR2 to each supervisor: its program is replaced in its process, and then renews the workers."""
    for server in stage.servers:
        await stage.renew(server, signal.SIGUSR2)


async def kill_in_outage(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGKILL to all servers while Redis is frozen; started again into the outage, which then ends."""
    stage.redis.freeze()
    await asyncio.sleep(seconds / 2)
    for server in stage.servers:
        await stage.kill(server)
        server.start()
    await asyncio.sleep(seconds)
    stage.redis.thaw()
    await stage.redis.wait_whole()
    await stage.wait_ready()


async def restart_in_turn(stage: Stage, _seconds: float, _chance: random.Random) -> None:
    """SIGTERM to one after the other, each started again and ready before the next one goes: a rolling restart."""
    for server in stage.servers:
        await stage.terminate(server)
        server.start()
        await server.wait_ready()


async def hand_over_in_turn(stage: Stage, _seconds: float, _chance: random.Random) -> None:
    """A new process beside each server on the same port, which takes over: a rolling restart without a gap."""
    for server in stage.servers:
        await stage.hand_over(server)


async def kill_all(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to Redis and all servers at once, as when the power fails; started again in either order."""
    await stage.redis.kill()
    for server in stage.servers:
        await stage.kill(server)
    await asyncio.sleep(seconds)
    starts: list[Callable[[], None]] = [server.start for server in stage.servers]
    starts.insert(chance.choice((0, len(starts))), stage.redis.spawn)
    for start in starts:
        start()
        await asyncio.sleep(chance.uniform(0, 0.5))
    await stage.redis.wait_whole()
    await stage.wait_ready()


async def kill_redis(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGKILL to Redis; started again with what its file holds."""
    await stage.redis.kill()
    await asyncio.sleep(seconds)
    await stage.redis.start()
    await stage.redis.wait_whole()


async def freeze_redis(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """SIGSTOP to Redis: connections stay, answers do not come. Then SIGCONT."""
    stage.redis.freeze()
    await asyncio.sleep(seconds)
    stage.redis.thaw()
    await stage.redis.wait_whole()


async def fill_redis(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """Redis is over its maxmemory and refuses every write that needs some."""
    await stage.redis.limit_memory(FULL_BYTES)
    await asyncio.sleep(seconds)
    await stage.redis.limit_memory(0)


async def cut_clients(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Single clients lose their connections, again and again."""
    await cut_some(seconds, chance, stage.front)


async def cut_redis(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Servers and producers lose single connections to Redis, again and again, commands under way included."""
    await cut_some(seconds, chance, *stage.server_links, stage.producer_link)


async def half_open_clients(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Half of the clients' connections hang: no end, no bytes. Then they are reset."""
    await hang(seconds, _some(stage.front, chance))


async def close_lids(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """Visitors' connections hang and their pages are never heard of again, as when a lid is closed."""
    stage.audience.come_back()
    await stage.audience.wait_connected()
    await asyncio.sleep(1.0)
    ports = stage.audience.visitor_ports()
    links = [link for link in stage.front.links if link.near_port in ports]
    for link in links:
        link.freeze()
    await asyncio.sleep(seconds)
    await stage.audience.vanish()
    stage.allow_visitors(UNSEEN_SECONDS)
    for link in links:
        link.cut(End.RST)


async def half_open_redis(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """All connections to Redis hang; new ones work. Then the old ones are reset."""
    links = [link for proxy in (*stage.server_links, stage.producer_link) for link in proxy.links]
    await hang(seconds, links)


async def fail_over(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """A Sentinel promotes a replica; the old primary stays up, keeps its connections and refuses writes."""
    await stage.group.fail_over()
    await asyncio.sleep(seconds)
    await stage.group.wait_whole()


async def freeze_sentinel(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGSTOP to one Sentinel and a failover meanwhile, then SIGCONT."""
    freezing = asyncio.create_task(stage.group.freeze_sentinel(2, seconds))
    await asyncio.sleep(chance.uniform(0, 1.0))
    await stage.group.fail_over()
    await freezing
    await stage.group.wait_whole()


async def kill_replica(stage: Stage, seconds: float, chance: random.Random) -> None:
    """SIGKILL to a replica, started again after a while."""
    await stage.group.kill_replica(chance.randrange(2), seconds)


FAULTS = (
    Fault("kill servers", 0.0, 1.0, kill_servers, "kill -9 all servers, start them again"),
    Fault("kill one server", 2.0, 4.0, kill_server, "kill -9 one of several, the others go on", with_servers),
    Fault("kill one worker", 0.5, 3.0, kill_worker, "kill -9 one worker of a supervisor", with_workers),
    Fault("freeze one server", 3.0, 6.0, freeze_server, "SIGSTOP to one server or supervisor, then SIGCONT"),
    Fault("freeze one worker", 3.0, 6.0, freeze_worker, "SIGSTOP to one worker, then SIGCONT", with_workers),
    Fault("renew workers", 0.0, 0.0, renew_workers, "SIGHUP to each supervisor", with_workers),
    Fault("replace supervisor", 0.0, 0.0, replace_supervisors, "SIGUSR2 to each supervisor", with_workers),
    Fault("kill in outage", 1.0, 3.0, kill_in_outage, "kill -9 all servers while Redis is frozen, and start them"),
    Fault("kill all", 0.0, 0.5, kill_all, "kill -9 Redis and all servers, start them again"),
    Fault("rolling restart", 0.0, 0.0, restart_in_turn, "SIGTERM and a new start, one server after the other"),
    Fault(
        "hand over",
        0.0,
        0.0,
        hand_over_in_turn,
        "a new server beside each old one on its port, then SIGTERM",
        with_lone_servers,
    ),
    Fault("kill redis", 0.0, 1.5, kill_redis, "kill -9 Redis, start it again on its file"),
    Fault("freeze redis", 2.0, 5.5, freeze_redis, "SIGSTOP, then SIGCONT"),
    Fault("fill redis", 2.0, 4.0, fill_redis, "maxmemory below what is used, then none"),
    Fault("cut clients", 2.0, 3.0, cut_clients, "end and reset single connections of clients"),
    Fault("cut redis", 2.0, 3.0, cut_redis, "end and reset single connections to Redis", with_one_redis),
    Fault("fail over", 0.0, 2.0, fail_over, "a Sentinel promotes a replica, the old primary stays", with_sentinels),
    Fault("freeze sentinel", 3.0, 6.0, freeze_sentinel, "SIGSTOP to one, and a failover", with_sentinels),
    Fault("kill replica", 0.5, 3.0, kill_replica, "kill -9 a replica, start it again", with_sentinels),
    Fault("half-open clients", 2.0, 5.0, half_open_clients, "half of the clients' connections hang, then are reset"),
    Fault("close lids", 1.0, 4.0, close_lids, "visitors' connections hang, their pages never come back"),
    Fault("half-open redis", 2.0, 5.5, half_open_redis, "all connections to Redis hang, are reset", with_one_redis),
)


def _some(proxy: Proxy, chance: random.Random) -> list[Link]:
    links = list(proxy.links)
    return chance.sample(links, (len(links) + 1) // 2)
