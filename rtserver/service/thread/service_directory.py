"""ServiceDirectory: passes each message from the bridge to the service that it names.

It answers for a service that does not exist or fails.
"""

import logging
from collections.abc import Callable, Mapping

from rtserver.base.bridge.message import (
    ExpectUser,
    GoneUsers,
    Message,
    PassCall,
    PresentUsers,
    Refused,
    Resume,
    Seen,
    Subscribe,
    Unsubscribe,
)
from rtserver.base.failure.containment import is_stop
from rtserver.service.msg_handler import SubscribableService
from rtserver.service.push.push_choice import UserNews
from rtserver.service.push.resume_service import ResumeService

log = logging.getLogger(__name__)


class ServiceDirectory:
    """The subscribable services by name, and the one for kept messages. ``handled`` counts messages.

    ``on_users`` hears who is here; ``on_call`` takes calls for services behind queues.
    """

    def __init__(
        self,
        services: Mapping[str, SubscribableService],
        post: Callable[[Message], object],
        resumes: ResumeService | None = None,
        on_users: Callable[[UserNews], object] = lambda news: None,
        on_call: Callable[[PassCall], object] | None = None,
    ) -> None:
        self._services = services
        self._on_call = on_call
        self._on_users = on_users
        self._resumes = resumes
        self._post = post
        self.handled = 0

    def handle(self, message: Message) -> None:
        """Handle one message. An exception in a service, whatever it is, costs the subscription in question.

        Lets a ``StopRequest`` pass, and nothing else.
        """
        self.handled += 1
        try:
            match message:
                case Subscribe() if message.service in self._services:
                    self._services[message.service].on_subscribe(message)
                case Subscribe():
                    self._refuse(message, "bad_request", f"there is no service {message.service!r}")
                case Unsubscribe() if message.service in self._services:
                    self._services[message.service].on_unsubscribe(message)
                case Resume() | Seen() if self._resumes is not None:
                    self._resumes.add(message)
                case PassCall() if self._on_call is not None:
                    self._on_call(message)
                case PresentUsers() | ExpectUser() | GoneUsers():
                    self._on_users(message)
                case _:
                    log.error("! no part of the service thread handles this message: %s", type(message).__name__)
        except BaseException as error:
            if is_stop(error):
                raise
            log.exception("! a service failed at a %s", type(message).__name__)
            if isinstance(message, Subscribe):
                self._refuse(message, "internal", "the service failed")

    def _refuse(self, message: Subscribe, code: str, text: str) -> None:
        self._post(Refused(message.agent, message.ref, code, text))
