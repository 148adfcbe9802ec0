"""The plug-ins of a run: handlers that write down what they handled, and nothing else.

Loaded by the servers under test, by dotted path. A note is one line in a file, written with one system call before
the handler returns: it survives the process, and a message is noted before anybody else can know that it was handled.
"""

import os
import sys
import time
from typing import ClassVar

import msgspec

from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from soak.worker_process import worker_name

NOTES = "CHAOS_NOTES"
"""The environment variable that names the file."""
WORK_SECONDS = 0.002
FAILING = 20
"""The handler of ``once`` fails first for each number that this divides."""


class Mark(msgspec.Struct, frozen=True):
    """Data of a numbered message; see ``numbered``."""

    source: str
    n: int


class Noting(ServiceMsgHandler):
    """Writes ``<worker> <process id> <source> <number>``."""

    data_type: ClassVar[type] = Mark

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._file = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._who = f"{worker_name(sys.argv)} {os.getpid()}"

    def __call__(self, src: str, data: Mark) -> None:
        """See ``ServiceMsgHandler``."""
        os.write(self._file, f"{self._who} {data.source} {data.n}\n".encode())


class NoteEvery(Noting):
    """Runs in every worker."""

    msg_type = "chaos_every"
    delivery = "every"


class FirstTryError(Exception):
    """A message is one of those that have to be tried again."""


class NoteOnce(Noting):
    """Runs in one of all workers, and takes its time: whoever kills the worker meets it in the middle.

    Now and then a message fails when it is tried first, by whichever worker.
    """

    msg_type = "chaos_once"
    delivery = "once"

    def __call__(self, src: str, data: Mark) -> None:
        """See ``ServiceMsgHandler``."""
        self.offload(time.sleep, WORK_SECONDS)
        if data.n % FAILING == 0 and self._is_first_try(data.n):
            raise FirstTryError(data.n)
        super().__call__(src, data)
        self.offload(time.sleep, WORK_SECONDS)

    def _is_first_try(self, number: int) -> bool:
        try:
            os.close(os.open(f"{os.environ[NOTES]}.tried-{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True
