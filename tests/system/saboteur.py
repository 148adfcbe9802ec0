"""Plug-ins that break a real server from inside, one part at a time, and that only tests load.

What is to break is named in the data of a ``sabotage`` message. One class gets it over the queue, the other over
a WebSocket.
"""

import asyncio
import ctypes
import gc
import sys
import threading
import time
from typing import Any, TypeVar

import gevent
import gevent.event

from rtserver.base.connection.connection_set import ConnectionSet
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.pipeline.intake import Intake
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.user_agent import UserAgent
from rtserver.watch.watchdog import NAME as WATCHDOG

T = TypeVar("T")
STALL_SECONDS = 1.0


class SabotageError(Exception):
    """The error that the broken part raises."""


def fail(*_: object) -> Any:
    raise SabotageError("by a test")


def block_here(seconds: float) -> None:
    time.sleep(seconds)


def wait_here(seconds: float) -> None:
    gevent.sleep(seconds)


class ServiceSaboteur(ServiceMsgHandler):
    """Breaks the service thread."""

    msg_type = "sabotage"
    data_type = str

    def __call__(self, src: str, data: str) -> None:
        hub = gevent.get_hub()
        match data:
            case "the intake":
                for intake in living(Intake):
                    intake.move = fail  # type: ignore[method-assign]
            case "the hub":
                try:
                    fail()
                except SabotageError:
                    hub.handle_error(None, *sys.exc_info())
            case "a hub that has nothing to wait for":
                hub.parent.throw(gevent.exceptions.LoopExit("by a test"))
            case "a callback that exits":
                hub.loop.run_callback(leave)
            case "a callback that fails":
                hub.loop.run_callback(fail)
            case "a greenlet of its own that fails":
                gevent.spawn(fail)
            case "block":
                block_here(STALL_SECONDS)
            case "wait":
                wait_here(STALL_SECONDS)


class UserSaboteur(BaseUserMsgHandler):
    """Breaks the websocket thread, and the native threads beside it."""

    msg_type = "sabotage"

    request = str

    def on_useragent_msg(self, agent: UserAgent, data: Any) -> None:
        loop = asyncio.get_running_loop()
        match data:
            case "a callback that exits":
                loop.call_soon(leave)
            case "a callback that is interrupted":
                loop.call_soon(interrupt)
            case "a callback that fails":
                loop.call_soon(fail)
            case "the canary's client" | "the check of sessions" as what:
                word = {"the canary's client": "CanaryClient.run", "the check of sessions": "_recheck_sessions"}[what]
                (task,) = (one for one in asyncio.all_tasks() if word in repr(one.get_coro()))
                task.cancel()
            case "the timers":
                for home in living(ConnectionSet):
                    home.wheel.advance = fail  # type: ignore[method-assign]
            case "the watchdog":
                (thread,) = (one for one in threading.enumerate() if one.name == WATCHDOG)
                ident = ctypes.c_ulong(thread.ident or 0)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
            case "block":
                block_here(STALL_SECONDS)


def living(kind: type[T]) -> list[T]:
    """All objects of a class. Those that were there when the server came up are frozen, and hidden."""
    gc.unfreeze()
    return [one for one in gc.get_objects() if isinstance(one, kind)]


def leave() -> None:
    sys.exit(0)


def interrupt() -> None:
    raise KeyboardInterrupt
