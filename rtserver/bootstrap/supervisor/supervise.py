"""The process of a supervisor: what it owns besides its workers, up and down in order.

No module of this folder, nor what they import, brings threads, gevent, Django or Tornado into the process: a fork in
``subprocess`` copies little, and nothing of a worker's can stop its parent.
"""

import logging
import os
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import rtserver
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.end_time import longest_end
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.config.monitor import own_names
from rtserver.bootstrap.process.banner import banner
from rtserver.bootstrap.process.cores import usable_cores
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis
from rtserver.bootstrap.process.listening_socket import LOOPBACK, bind
from rtserver.bootstrap.process.log import log_as_configured
from rtserver.bootstrap.process.service_manager import ServiceManager
from rtserver.bootstrap.supervisor.command_line import CommandLines
from rtserver.bootstrap.supervisor.demo_feed import DemoFeed
from rtserver.bootstrap.supervisor.fleet import Fleet
from rtserver.bootstrap.supervisor.handover import Handover
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup
from rtserver.bootstrap.supervisor.supervisor import Supervisor
from rtserver.bootstrap.supervisor.tally_columns import TallyColumns, maybe_columns
from tcelib.redis.redis_connection import plain_client

log = logging.getLogger(__name__)


def worker_count(config: Config) -> int:
    """Return the number of workers that the configuration asks for."""
    return usable_cores() if config.workers == "auto" else config.workers


def supervise(config: Config, given: Sequence[str], handover: Handover | None = None) -> int:
    """Run workers until they are told to stop, and return the process's exit code. Raises ``StartError``.

    ``given`` are the options of the command line, which workers get as well. With a ``handover`` they run already.
    """
    log_as_configured(config)
    group = ListenerGroup()
    embedded = None if config.redis_url else EmbeddedRedis(Path(config.var_dir), port=config.embedded_redis_port)
    try:
        if handover is not None:
            return _go_on(config, given, handover, group, embedded)
        # Before anything else is started: a second server on the same port ends here.
        group.bind(config)
        admin = bind(LOOPBACK, config.admin_port, "--admin-port, or 0 for any")
        if embedded is not None:
            embedded.start()
        fleet = Fleet(worker_count(config), longest_end(config))
        tally = _maybe_tally(config, fleet.size)
        return _run(_build(config, given, fleet, group, embedded, admin=admin, tally=tally), fleet)
    finally:
        group.close_all()
        if embedded is not None:
            embedded.stop()


def _go_on(
    config: Config, given: Sequence[str], handover: Handover, group: ListenerGroup, embedded: EmbeddedRedis | None
) -> int:
    """Take the place of the program that was in this process before."""
    sockets = group.adopt(handover.ports)
    admin = [socket.socket(fileno=number) for number in handover.admin]
    for listener in admin:
        listener.set_inheritable(False)
    if embedded is not None and handover.redis:
        embedded.adopt(*handover.redis)
    fleet = Fleet(handover.size, longest_end(config))
    if handover.tally is None:
        tally = _maybe_tally(config, fleet.size)
    else:
        tally = TallyColumns(handover.tally, [column for worker in handover.workers for column in worker.columns])
    supervisor = _build(config, given, fleet, group, embedded, admin=admin, tally=tally, feed_pid=handover.feed)
    supervisor.adopt(handover, sockets)
    log.info("= rtserver %s supervises %d workers that run", rtserver.__version__, len(handover.workers))
    return _run(supervisor, fleet)


def _build(
    config: Config,
    given: Sequence[str],
    fleet: Fleet,
    group: ListenerGroup,
    embedded: EmbeddedRedis | None,
    *,
    admin: Sequence[socket.socket],
    tally: TallyColumns | None,
    feed_pid: int | None = None,
) -> Supervisor:
    name = config.worker or f"{socket.gethostname()}:{group.port}"
    url = "" if embedded is None else embedded.url
    commands = CommandLines(given, name, group.port, url)
    has_demo = not config.django_settings

    def show_banner() -> None:
        with closing(plain_client(url or config.redis_url)) as client:
            print(banner(config, group.port, client.address, has_demo, fleet.size), flush=True)  # noqa: T201

    return Supervisor(
        fleet,
        group,
        commands,
        feed=DemoFeed(commands.demo_feed(), feed_pid) if config.demo_quotes and has_demo else None,
        manager=ServiceManager(os.environ),
        redis=() if embedded is None else (embedded.pid, embedded.port),
        admin=admin,
        names=own_names(config),
        tally=tally,
        on_up=show_banner,
    )


def _maybe_tally(config: Config, workers: int) -> TallyColumns | None:
    return None if config.limits == "off" else maybe_columns(workers)


def _run(supervisor: Supervisor, fleet: Fleet) -> int:
    code = supervisor.run()
    if fleet.failure:
        raise StartError(fleet.failure)
    return code
