"""Django Channels with channels_redis under uvicorn: groups, as its tutorial shows them."""

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels_redis_setting import set_up
from django.urls import path
from work import JOIN, JOINED, port_argument, wanted_topics


class Consumer(AsyncWebsocketConsumer):
    """A client: joins groups, and gets anything else back."""

    groups_joined: list[str]

    async def connect(self) -> None:
        self.groups_joined = []
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        text = text_data or ""
        if text.startswith(JOIN):
            for number in wanted_topics(text):
                self.groups_joined.append(f"t{number}")
                await self.channel_layer.group_add(f"t{number}", self.channel_name)
            text = JOINED
        await self.send(text_data=text)

    async def quote(self, event: dict) -> None:
        await self.send(text_data=event["text"])

    async def disconnect(self, _code: int) -> None:
        for group in self.groups_joined:
            await self.channel_layer.group_discard(group, self.channel_name)


def main() -> None:
    set_up()
    django.setup()
    application = ProtocolTypeRouter({"websocket": URLRouter([path("", Consumer.as_asgi())])})
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=port_argument(),
        log_level="error",
        backlog=4096,
        lifespan="off",
        ws_per_message_deflate=False,
    )


if __name__ == "__main__":
    main()
