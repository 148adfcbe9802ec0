"""A module: a part of an application that every connection has one of. Subclass it for one's own."""

from rtserver.user.user_agent import UserAgent


class BaseUserAgentModule:
    """Belongs to one agent, and ends with it. A handler makes it in ``on_useragent_open``, and calls its end."""

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent

    def on_remove(self) -> None:
        """The agent has gone: give back what outlives it. Its subscriptions and topics end by themselves."""
