"""Fan-out of updates to the subscribers of topics.

The hot path ends here. Each update costs one drawing per group, one frame per kind of connection in the group, and
one push of the same bytes per subscriber. Subscribers with a rate are in a class of their rate.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from rtserver.base.bridge.message import Update
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.wire.payload import frames_of
from rtserver.user.topic.drawing import Drawing, Drawn
from rtserver.user.topic.pacer import Pacer, Timing
from rtserver.user.topic.rate_class import MOST_ROWS, RateClass
from rtserver.user.topic.subscriber import Draw, Pushing, Subscriber, Subscribers

GroupKey: TypeAlias = tuple[str, Hashable]
"""A topic and a group of it."""

FanOut: TypeAlias = Callable[[Sequence[Any], Sequence[bytes], Hashable], None]
"""A function that pushes frames, each with the same key, to each of the connections."""


def push_to_each(connections: Sequence[Pushing], frames: Sequence[bytes], key: Hashable) -> None:
    """Push frames to connections of any kind."""
    for connection in connections:
        for frame in frames:
            connection.push(frame, key)


class Group(Subscribers):
    """The subscribers of a topic who see the same picture. ``classes`` has those with a rate, by rate."""

    __slots__ = ("classes",)

    def __init__(self, key: Hashable, draw: Draw) -> None:
        super().__init__(key, draw)
        self.classes: dict[float, RateClass] = {}


class Held:
    """The updates of a topic since a moment, for a subscriber who has no picture yet."""

    __slots__ = ("_all", "_topic", "updates")

    def __init__(self, topic: str, everything: "dict[str, list[Held]]") -> None:
        self._topic = topic
        self._all = everything
        self.updates: list[Update] = []
        everything.setdefault(topic, []).append(self)

    def end(self) -> list[Update]:
        """Stop holding. Return the held updates. Call this once."""
        of_topic = self._all[self._topic]
        of_topic.remove(self)
        if not of_topic:
            del self._all[self._topic]
        return self.updates


class Topics:
    """All topics with subscribers, by topic and group. Empty ones do not exist.

    ``fan_out`` pushes frames to many connections. ``timing`` is an event loop; rates need one. An update whose
    message would be longer than ``chunk_bytes`` is cut into several.

    Three counters: ``updates`` received, frames pushed (``deliveries``), and updates that were ``merged`` with
    earlier ones in a class.
    """

    def __init__(
        self, fan_out: FanOut = push_to_each, timing: Timing | None = None, chunk_bytes: int = 65_536
    ) -> None:
        self._drawing = Drawing(chunk_bytes)
        self._fan_out = fan_out
        self._pacer = None if timing is None else Pacer(timing, self._release)
        self._topics: dict[str, dict[Hashable, Group]] = {}
        self._held: dict[str, list[Held]] = {}
        self._rates: dict[Subscriber, dict[GroupKey, float | None]] = {}
        self.updates = 0
        self.deliveries = 0
        self.merged = 0

    def __len__(self) -> int:
        """Return the number of topics."""
        return len(self._topics)

    @property
    def failures(self) -> int:
        """The number of drawings that raised."""
        return self._drawing.failures

    @property
    def members(self) -> int:
        """The number of subscribers of any topic."""
        return len(self._rates)

    def hold(self, topic: str) -> "Held":
        """Keep the updates of a topic for a subscriber who cannot join yet."""
        return Held(topic, self._held)

    def join(
        self,
        topic: str,
        group: Hashable,
        agent: Subscriber,
        draw: Draw,
        rate: float | None = None,
        *,
        missed: Iterable[Update] = (),
        share: FairShare | None = None,
    ) -> None:
        """Push the drawing of each update to ``agent`` from now on, those of ``missed`` first.

        Call this after the snapshot has been pushed, never before.

        ``draw`` makes the message of an update, an empty one for nothing to send. A group keeps the ``draw`` of its
        first subscriber for all, so it may depend on topic and group only, and must not refer to an agent. A
        ``rate``, one of ``rate.RATES``, bounds the updates a second; updates are merged for it. Raises ``ValueError``
        for a rate without ``timing``.

        Drawing is charged to ``share`` as long as the group has one user, and waits while the user owes.
        """
        if (topic, group) in self._rates.get(agent, ()):
            self.change_rate(topic, group, agent, rate, share=share)
            return
        if missed:
            alone = Subscribers((topic, group), draw)
            alone.add(agent)
            for update in missed:
                self._deliver(alone, update)
        # The snapshot of the new subscriber holds what still waits for the others.
        self._settle(topic, group, rate)
        found = self._topics.get(topic, {}).get(group) or Group((topic, group), draw)
        subscribers = found if rate is None else self._rate_class(found, rate)
        subscribers.add(agent, share)
        self._topics.setdefault(topic, {})[group] = found
        self._rates.setdefault(agent, {})[topic, group] = rate

    def change_rate(
        self, topic: str, group: Hashable, agent: Subscriber, rate: float | None, *, share: FairShare | None = None
    ) -> None:
        """Change the rate of a subscriber without a gap or a double. Does nothing without the subscriber.

        ``share`` is as in ``join``.
        """
        if self._rate(topic, group, agent, rate) == rate:
            return
        self._settle(topic, group, self._rates[agent][topic, group])
        self._settle(topic, group, rate)
        old = self._rate(topic, group, agent, rate)
        if old == rate:
            return  # settling has ended a connection that was too slow
        found = self._topics[topic][group]
        subscribers = found if rate is None else self._rate_class(found, rate)
        subscribers.add(agent, share)
        self._remove_from(found, old, agent)
        self._rates[agent][topic, group] = rate

    def leave(self, topic: str, group: Hashable, agent: Subscriber) -> None:
        """Remove a subscriber from a group, if it is there."""
        rates = self._rates.get(agent)
        if rates is None or (topic, group) not in rates:
            return
        rate = rates.pop((topic, group))
        if not rates:
            del self._rates[agent]
        self._take_out(topic, group, rate, agent)

    def remove(self, agent: Subscriber) -> None:
        """Remove a subscriber from all its groups."""
        for (topic, group), rate in self._rates.pop(agent, {}).items():
            self._take_out(topic, group, rate, agent)

    def subscribers(self, topic: str, group: Hashable) -> tuple[Subscriber, ...]:
        """Return the subscribers of a group, at whatever rate."""
        found = self._topics.get(topic, {}).get(group)
        if found is None:
            return ()
        everybody = (found, *found.classes.values())
        return tuple(agent for each in everybody for members in each.kinds.values() for agent in members)

    def update(self, *updates: Update) -> None:
        """Draw updates of one topic, each once per group, and push the frames to each subscriber.

        The key of the push is (topic, group), so that a slow client gets the newest drawing of each. An update of a
        topic without subscribers is dropped: the last one left while it was on its way.
        """
        topic = updates[0].topic
        self.updates += len(updates)
        if self._held:
            for held in self._held.get(topic, ()):
                held.updates.extend(updates)
        groups = self._topics.get(topic)
        if groups is None:
            return
        if (alone := self._alone(topic)) is not None:
            self._deliver(alone, *updates)
            return
        for update in updates:
            self._show_groups(groups, update)

    def can_join(self, topic: str) -> bool:
        """Return True if several updates of a topic are better shown together."""
        return self._alone(topic) is not None

    def _alone(self, topic: str) -> Group | None:
        """Return the only group of a topic, if nobody in it is charged or has a rate.

        A connection in two groups has to get an update from both of them before the next one.
        """
        groups = self._topics.get(topic)
        if groups is None or len(groups) > 1:
            return None
        (group,) = groups.values()
        return None if group.classes or group.share is not None else group

    def _show_groups(self, groups: dict[Hashable, Group], update: Update) -> None:
        # Copies: a push may end a connection that is too slow, and so remove its agent from here.
        for group in tuple(groups.values()):
            if group.kinds:
                self._show(group, update)
            if group.classes:
                for rate_class in tuple(group.classes.values()):
                    self._show(rate_class, update)

    def _show(self, subscribers: Subscribers, update: Update) -> None:
        """Show an update now, or postpone it while the group's only user owes processor time."""
        share = subscribers.share
        if share is None:
            self._show_now(subscribers, update)
        elif subscribers.postponed or share.is_owing:
            if not subscribers.has_turn:
                subscribers.has_turn = True
                share.wait_turn(partial(self._on_turn, subscribers))
            subscribers.postponed.add(update)
            if len(subscribers.postponed) >= MOST_ROWS:
                self._catch_up(subscribers)
        else:
            begun = share.now()
            self._show_now(subscribers, update)
            share.spend(begun)

    def _on_turn(self, subscribers: Subscribers) -> None:
        subscribers.has_turn = False
        self._catch_up(subscribers)

    def _catch_up(self, subscribers: Subscribers) -> None:
        """Show the postponed updates as one."""
        share = subscribers.share
        if subscribers.postponed and share is not None:
            begun = share.now()
            self._show_now(subscribers, subscribers.postponed.take())
            share.spend(begun)

    def _show_now(self, subscribers: Subscribers, update: Update) -> None:
        if isinstance(subscribers, RateClass):
            self.merged += subscribers.is_waiting
            subscribers.hold(update)
        else:
            self._deliver(subscribers, update)

    def _deliver(self, subscribers: Subscribers, *updates: Update) -> None:
        """Draw the updates, and push consecutive frames of one key together."""
        drawn: list[Drawn] = []
        for update in updates:
            self._drawing.draw(subscribers, update, drawn)
        if len(drawn) == 1:
            self._push(subscribers, [drawn[0][0]], drawn[0][1])
            return
        for key, run in groupby(drawn, itemgetter(1)):
            self._push(subscribers, [message for message, _ in run], key)

    def _push(self, subscribers: Subscribers, messages: Sequence[bytes], key: Hashable) -> None:
        for framing, members in tuple(subscribers.kinds.items()):
            connections = tuple(members.values())
            self.deliveries += len(connections) * len(messages)
            self._fan_out(connections, frames_of(framing, messages), key)

    def _release(self, rate_class: RateClass) -> None:
        share = rate_class.share
        if share is None:
            self._deliver(rate_class, rate_class.take())
        else:
            begun = share.now()
            self._deliver(rate_class, rate_class.take())
            share.spend(begun)

    def _settle(self, topic: str, group: Hashable, rate: float | None) -> None:
        found = self._topics.get(topic, {}).get(group)
        if found is None:
            return
        if found.postponed:
            self._catch_up(found)
        if rate is not None and rate in found.classes:
            self._catch_up(found.classes[rate])
            found.classes[rate].settle()

    def _rate(self, topic: str, group: Hashable, agent: Subscriber, default: float | None) -> float | None:
        return self._rates.get(agent, {}).get((topic, group), default)

    def _rate_class(self, group: Group, rate: float) -> RateClass:
        if self._pacer is None:
            raise ValueError("topics without timing have no rates")
        if rate not in group.classes:
            group.classes[rate] = RateClass(group, rate, self._pacer)
        return group.classes[rate]

    def _take_out(self, topic: str, group: Hashable, rate: float | None, agent: Subscriber) -> None:
        groups = self._topics[topic]
        found = groups[group]
        self._remove_from(found, rate, agent)
        if not found.kinds and not found.classes:
            del groups[group]
        if not groups:
            del self._topics[topic]

    def _remove_from(self, group: Group, rate: float | None, agent: Subscriber) -> None:
        if rate is None:
            group.remove(agent)
            return
        rate_class = group.classes[rate]
        rate_class.remove(agent)
        if not rate_class.kinds:
            rate_class.end()
            del group.classes[rate]
