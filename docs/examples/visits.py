"""``visits``: a program that is told who comes and goes, and writes down how long each visit was.

The server's setting is ``presence_queue = "queue:visits"``. Start several of it, and they share the work.
"""

import json
import os
from pathlib import Path

import msgspec

from rtserver.service.message_queue import ServiceMessageQueue

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
FOLDER = Path(os.environ.get("VISITS_DIR", "var/visits"))


class Presence(msgspec.Struct, frozen=True):
    """``{"user_id": str, "at": milliseconds since 1970}``."""

    user_id: str
    at: int


def main() -> None:
    """Work until the process is stopped."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ServiceMessageQueue.own("queue:visits", REDIS_URL) as queue:
        for message in queue:
            try:
                told = msgspec.convert(message.data, Presence)
                take(message.type, told)
            except (msgspec.ValidationError, ValueError) as error:
                queue.bury(message, "bad_presence", str(error))
            else:
                queue.ack(message)


def take(msg_type: str, told: Presence) -> None:
    """Note the begin of a visit, or its end. A message that comes a second time changes nothing."""
    began = FOLDER / f"{told.user_id}.begin"
    if msg_type == "user_online":
        began.write_text(f"{told.at}")
    elif began.exists():
        visit = {"user_id": told.user_id, "seconds": (told.at - int(began.read_text())) / 1000}
        (FOLDER / f"{told.user_id}-{told.at}.json").write_text(json.dumps(visit))
        began.unlink()


if __name__ == "__main__":
    main()
