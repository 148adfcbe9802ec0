"""``topic``: subscriptions to services, and their end.

``modules.topic_message`` makes the messages that answer.
"""

from rtserver.modules.mychart_agent import RateCap, no_cap
from rtserver.modules.topic_agent import SubscribeRequest, TopicAgent, UnsubscribeRequest
from rtserver.modules.topic_message import TOPIC, SnapshotMessages
from rtserver.user.msg_handler import BaseUserMsgHandler, Users
from rtserver.user.user_agent import UserAgent
from tcelib.limit.tally import KeyCount


class TopicMsgHandler(BaseUserMsgHandler):
    """Handler of subscriptions. ``max_rate`` bounds every topic."""

    msg_type = TOPIC
    request = SubscribeRequest | UnsubscribeRequest

    def __init__(self, users: Users, *, max_topics: int = 64, max_rate: RateCap = no_cap) -> None:
        super().__init__(users)
        self._messages = SnapshotMessages(users.epoch)
        self._max_topics = max_topics
        self._max_rate = max_rate

    def on_useragent_request(
        self, agent: UserAgent, data: SubscribeRequest | UnsubscribeRequest, request_id: int | str | None
    ) -> object:
        """Subscribe, which a snapshot answers later, or unsubscribe, which is answered at once, given an id."""
        topics = self._topics_of(agent)
        if isinstance(data, SubscribeRequest):
            self._check_limits(agent, topics, data)
            topics.subscribe(data, request_id)
            return None
        topics.unsubscribe(data.topic_id)
        return None if request_id is None else {"op": "unsubscribe", "topic_id": data.topic_id}

    def on_useragent_change(self, agent: UserAgent) -> None:
        """Apply the rates of the changed user."""
        topics: TopicAgent | None = agent.modules.get(TOPIC)
        if topics is not None:
            topics.on_user_change()

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """End the agent's topics."""
        topics: TopicAgent | None = agent.modules.pop(TOPIC, None)
        if topics is not None:
            topics.on_remove()

    def _topics_of(self, agent: UserAgent) -> TopicAgent:
        """Return the agent's topics, made for its first message: most connections have none."""
        topics: TopicAgent | None = agent.modules.get(TOPIC)
        if topics is None:
            largest = self.users.sizes.largest_everywhere
            count = KeyCount(self.users.limits.topics, str(agent.user.user_id))
            topics = agent.modules[TOPIC] = TopicAgent(agent, self._messages, largest, self._max_rate, count)
        return topics

    def _check_limits(self, agent: UserAgent, topics: TopicAgent, request: SubscribeRequest) -> None:
        """Check the limits of a topic; one that replaces another costs a snapshot, too. Raises ``BadMessage``."""
        limits, user_id, memberships = self.users.limits, str(agent.user.user_id), topics.topics.memberships
        if request.topic_id not in memberships:
            limits.check_topics(user_id, len(memberships), self._max_topics)
        limits.check_picture(user_id)
