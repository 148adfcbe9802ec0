"""The process of one server: everything around an ``App`` that a process has once.

That is the log, the file limit, the embedded Redis, Django, signals, the service manager, and an end in time.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from rtserver.bootstrap.app import App, Life
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.end_time import longest_end
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.config.worker_share import share_of
from rtserver.bootstrap.overseer import Overseer, TerminalOverseer
from rtserver.bootstrap.process.certificate import Certificate
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis
from rtserver.bootstrap.process.file_limit import raise_file_limit
from rtserver.bootstrap.process.listening_socket import ListeningSockets
from rtserver.bootstrap.process.log import log_as_configured
from rtserver.bootstrap.process.memory import system_bytes
from rtserver.bootstrap.process.tally_file import inherit_tallies
from rtserver.bootstrap.shutdown import Departure
from rtserver.bootstrap.site.django_env import prepare_django
from rtserver.bootstrap.supervised import SupervisorOverseer
from rtserver.bootstrap.supervisor.assignment import Assignment
from rtserver.service.thread.service_thread import SERVICE_THREAD
from tcelib.runtime.collector import rest_collector

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(config: Config, assignment: Assignment | None = None) -> int:
    """Run a server until it is told to stop, and return the process's exit code. Raises ``StartError``.

    With an ``assignment`` it is a worker of a supervisor, which owns the sockets and is told of what becomes of it.

    Ends the process with that code, instead of returning, while a handler still computes on the service thread: the
    interpreter's own end would tear the greenlet apart, with a segmentation fault.
    """
    code = _serve(config, assignment)
    if any(thread.name == SERVICE_THREAD for thread in threading.enumerate()):
        log.error("! a handler does not return; the process ends without it")
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    return code


def _serve(config: Config, assignment: Assignment | None) -> int:
    worker = ""
    if assignment is not None:
        config = share_of(config, assignment.workers, system_bytes)
        worker = f"{assignment.position}/{assignment.workers}"
    log_as_configured(config, worker)
    raise_file_limit()
    # A service manager that loses patience aborts the process: then the log gets the stacks of all threads.
    faulthandler.enable()
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
    sockets = ListeningSockets()
    embedded = None if config.redis_url else EmbeddedRedis(Path(config.var_dir), port=config.embedded_redis_port)
    supervisor = None if assignment is None else SupervisorOverseer(assignment)
    try:
        # Before anything else is started: a second server on the same port ends here.
        if assignment is None:
            sockets.bind_all(config)
        else:
            sockets.inherit(config, assignment.public, assignment.tce)
        if embedded is not None:
            embedded.start()
        redis_url = embedded.url if embedded is not None else config.redis_url
        site = prepare_django(config, redis_url)
        # Django has set logging up as its settings say; an operator of this process expects ours.
        log_as_configured(config, worker)
        departure = Departure.UNKNOWN if supervisor is None else Departure.SUCCEEDED
        life = ProcessLife(config, supervisor or TerminalOverseer(config, has_demo=site is not None))
        app = App(
            config,
            redis_url,
            site,
            sockets,
            certificate=certificate,
            life=life,
            departure=departure,
            tallies=None if assignment is None else inherit_tallies(assignment.tally, assignment.columns),
        )
        return asyncio.run(app.run())
    except StartError as error:
        if supervisor is None:
            raise
        supervisor.tell_failed(str(error))
        return 1
    except BaseException:
        # sys.exit in a plug-in's callback, for instance: an end that was not asked for.
        log.critical("! the websocket thread died", exc_info=True)
        return 1
    finally:
        sockets.close()
        if embedded is not None:
            embedded.stop()


class ProcessLife(Life):
    """The life of a server that has its process for itself, on the process's main thread."""

    def __init__(self, config: Config, overseer: Overseer) -> None:
        self._config = config
        self._overseer = overseer

    def on_up(self, app: App) -> None:
        """Take the signals, and tell that the server is up."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, app)
        reloading = app.reloading()
        # Without either, SIGHUP keeps its usual meaning: the terminal has gone. A service manager means "reload".
        if reloading or self._overseer.reloads:
            loop.add_signal_handler(signal.SIGHUP, reloading.run)
        rest_collector()
        self._overseer.tell_up(app)

    def on_beat(self) -> None:
        """Tell that the threads turn."""
        self._overseer.tell_beat()

    def on_stopping(self) -> None:
        """Make sure that the process ends, whatever hangs: then it logs all threads' stacks and exits with 1.

        The timer of ``faulthandler`` needs no Python thread that turns.
        """
        self._overseer.tell_stopping()
        faulthandler.dump_traceback_later(longest_end(self._config), exit=True)

    def on_closed(self) -> None:
        """Tell that nobody can come in any more."""
        self._overseer.tell_closed()

    def _on_signal(self, app: App) -> None:
        """Stop the server. A second signal finds no handler and ends the process at once."""
        app.stop(self._overseer.departure)
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
