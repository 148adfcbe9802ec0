"""``echo``: the smallest handler of user messages. It repeats a client's text."""

from typing import Annotated

import msgspec

from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError
from rtserver.user.user_agent import UserAgent


class EchoRequest(msgspec.Struct, frozen=True):
    """``{"text": str, "times"?: 1 to 3}``."""

    text: Annotated[str, msgspec.Meta(max_length=200)]
    times: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


class EchoMsgHandler(BaseUserMsgHandler):
    """Answers each ``echo`` with its text, as often as the client asks."""

    msg_type = "echo"
    request = EchoRequest

    def on_useragent_msg(self, agent: UserAgent, data: EchoRequest) -> list[str]:
        """Return the answer's ``data``."""
        if not data.text.strip():
            raise RequestError("there is no text to repeat")
        return [f"{agent.user.name} says {data.text}"] * data.times
