"""The signer of the queue's messages, as the configuration describes it."""

import time

from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config


def signer_of(config: Config) -> Signer:
    """Return the signer of a process: it signs what goes onto the queue and checks what comes from it."""
    return Signer(config.queue_secret, seconds=config.signature_seconds, now=time.time)
