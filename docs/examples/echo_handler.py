"""``echo``: the smallest handler of user messages. It says back what a client says."""

from typing import Annotated

import msgspec

from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError
from rtserver.user.user_agent import UserAgent


class EchoRequest(msgspec.Struct, frozen=True):
    """``{"text": str, "times"?: 1 to 3}``."""

    text: Annotated[str, msgspec.Meta(max_length=200)]
    times: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


class EchoMsgHandler(BaseUserMsgHandler):
    """Answers every ``echo`` with the same text, as often as it was asked for."""

    msg_type = "echo"
    request = EchoRequest

    def on_useragent_msg(self, agent: UserAgent, data: EchoRequest) -> list[str]:
        """What is returned is the answer's ``data``."""
        if not data.text.strip():
            raise RequestError("there is nothing to say back")
        return [f"{agent.user.name} says {data.text}"] * data.times
