"""New pictures for charts whose old rows were corrected, and which take no corrected rows."""

from collections.abc import Hashable
from contextlib import suppress
from functools import partial

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.modules.chart_update import MYCHARTS
from rtserver.user.topic.board import GroupKey, Topics
from rtserver.user.user_agent import UserAgent

PAUSE_SECONDS = 1.0
"""Least time between two pictures of a group. Late ticks come in bursts, and a picture may be long."""


class ChartRefresh:
    """Timer of the pictures that corrections call for: at once, but at most one in ``PAUSE_SECONDS`` for a group.

    ``call_later`` is the event loop's. A group that needs no more pictures leaves no entry behind.
    """

    def __init__(self, call_later: CallLater, topics: Topics) -> None:
        self._call_later = call_later
        self._topics = topics
        self._is_stale: dict[GroupKey, bool] = {}

    def on_stale(self, topic: str, group: Hashable) -> None:
        """Note that the pictures of a group do not hold any more. It is called while an update is drawn."""
        key = (topic, group)
        is_new = key not in self._is_stale
        self._is_stale[key] = True
        if is_new:
            self._call_later(0, partial(self._turn, key))

    def _turn(self, key: GroupKey) -> None:
        if not self._is_stale[key]:
            del self._is_stale[key]
            return
        self._is_stale[key] = False
        self._call_later(PAUSE_SECONDS, partial(self._turn, key))
        # At shutdown the bridge is closed, and the connections end too.
        with suppress(BridgeClosedError):
            for agent in self._topics.subscribers(*key):
                if isinstance(agent, UserAgent) and MYCHARTS in agent.modules:
                    agent.modules[MYCHARTS].refresh(key)
