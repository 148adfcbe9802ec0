"""The process of a supervisor: what it owns besides its workers, up and down in order.

No module of this folder, nor what they import, brings threads, gevent, Django or Tornado into the process: a fork in
``subprocess`` copies little, and nothing of a worker's can stop its parent.
"""

import os
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

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
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup
from rtserver.bootstrap.supervisor.supervisor import Supervisor
from tcelib.redis.redis_connection import plain_client


def worker_count(config: Config) -> int:
    """Return the number of workers that the configuration asks for."""
    return usable_cores() if config.workers == "auto" else config.workers


def supervise(config: Config, given: Sequence[str]) -> int:
    """Run workers until they are told to stop, and return the process's exit code. Raises ``StartError``.

    ``given`` are the options of the command line, which workers get as well.
    """
    log_as_configured(config)
    group = ListenerGroup()
    embedded = None if config.redis_url else EmbeddedRedis(Path(config.var_dir), port=config.embedded_redis_port)
    try:
        # Before anything else is started: a second server on the same port ends here.
        group.bind(config)
        admin = bind(LOOPBACK, config.admin_port, "--admin-port, or 0 for any")
        if embedded is not None:
            embedded.start()
        return _supervise(config, given, group, admin, embedded.url if embedded is not None else "")
    finally:
        group.close_all()
        if embedded is not None:
            embedded.stop()


def _supervise(
    config: Config, given: Sequence[str], group: ListenerGroup, admin: Sequence[socket.socket], embedded_url: str
) -> int:
    name = config.worker or f"{socket.gethostname()}:{group.port}"
    commands = CommandLines(given, name, group.port, embedded_url)
    has_demo = not config.django_settings
    feed = DemoFeed(commands.demo_feed()) if config.demo_quotes and has_demo else None
    fleet = Fleet(worker_count(config), longest_end(config))

    def show_banner() -> None:
        with closing(plain_client(embedded_url or config.redis_url)) as client:
            print(banner(config, group.port, client.address, has_demo, fleet.size), flush=True)  # noqa: T201

    supervisor = Supervisor(
        fleet,
        group,
        commands,
        feed=feed,
        manager=ServiceManager(os.environ),
        admin=admin,
        names=own_names(config),
        on_up=show_banner,
    )
    code = supervisor.run()
    if fleet.failure:
        raise StartError(fleet.failure)
    return code
