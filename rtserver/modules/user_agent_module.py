"""Base class of modules: parts of an application that every connection has one of."""

from rtserver.user.user_agent import UserAgent


class BaseUserAgentModule:
    """A part of one agent, which ends with it.

    A handler makes it in ``on_useragent_open``, or when it is first needed, and calls ``on_remove`` in
    ``on_useragent_remove``.
    """

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent

    def on_remove(self) -> None:
        """Give up what would outlive the agent. Its subscriptions and topics end by themselves."""
