"""Plug-ins for the tests of what escapes handlers. ``escape`` raises what it is told to, on either thread."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Policy
from rtserver.user.user_agent import UserAgent

ESCAPES: dict[str, Callable[[], BaseException]] = {
    "Timeout": lambda: gevent.Timeout(5),
    "GreenletExit": gevent.GreenletExit,
    "SystemExit": lambda: SystemExit(0),
    "KeyboardInterrupt": KeyboardInterrupt,
    "CancelledError": asyncio.CancelledError,
    "RecursionError": RecursionError,
}


DEATHS: tuple[Callable[[], object], ...] = (
    lambda: os.kill(os.getpid(), signal.SIGKILL),
    os.abort,
    lambda: os._exit(0),
    lambda: None,
)
"""What a deadly message does to one process after the other."""


def die() -> None:
    """End the process, each time in another way: the file ``deaths`` says how often it was done."""
    path = Path(os.environ["RTSERVER_VAR_DIR"]) / "deaths"
    with path.open("ab") as file:
        number = file.tell()
        file.write(b".")
    DEATHS[number]()


class ServiceEscaper(ServiceMsgHandler):
    """Raises, or tells everybody what else it was sent."""

    msg_type = "escape"
    data_type = str

    def __call__(self, src: str, data: str) -> None:
        """See ``ServiceMsgHandler``. A trap rings when the lane's greenlet is somewhere else."""
        if data in ESCAPES:
            raise ESCAPES[data]()
        if data == "deadly":
            die()
        if data == "compute":
            while True:
                pass
        if data == "trap":
            gevent.Timeout.start_new(0.001)
        self.users.push_message("*", data, "heard")


class OnceEscaper(ServiceEscaper):
    """The same, of which one server handles each message."""

    msg_type = "once_escape"
    delivery = "once"


class UserEscaper(BaseUserMsgHandler):
    """Raises: "later ..." in a coroutine, "at the end ..." when the connection goes, and whenever one comes."""

    msg_type = "escape"
    request = str

    def on_useragent_open(self, agent: UserAgent) -> None:
        """See ``BaseUserMsgHandler``."""
        raise SystemExit(0)

    def on_useragent_msg(self, agent: UserAgent, data: Any) -> Any:
        """See ``BaseUserMsgHandler``."""
        if data in ESCAPES:
            raise ESCAPES[data]()
        if data.startswith("at the end "):
            agent.modules["escape"] = data.removeprefix("at the end ")
            return "noted"
        return self._fail_later(data.removeprefix("later "))

    def on_useragent_remove(self, agent: UserAgent) -> Any:
        """See ``BaseUserMsgHandler``."""
        what = agent.modules.pop("escape", "SystemExit")
        if what in ESCAPES:
            raise ESCAPES[what]()
        return self._fail_later(what.removeprefix("later "))

    async def _fail_later(self, what: str) -> None:
        await asyncio.sleep(0)
        raise ESCAPES[what]()


class ExitingPolicy(Policy):
    """Fails on one type of message."""

    def may_send(self, user: Identity, msg_type: str) -> bool:
        """See ``Policy``."""
        if msg_type == "resume":
            raise SystemExit(0)
        return True
