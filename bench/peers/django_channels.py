"""Django Channels with channels_redis under uvicorn: groups, as its tutorial shows them.

With ``--publish`` a backend of it: ``group_send`` from a process of its own. Redis is in ``BENCH_REDIS_URL``.
"""

import asyncio
import os
import sys

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path
from work import JOIN, JOINED, TICK, Work, port_argument, wanted_topics

# The default of 100 messages loses most of a burst; installations under load raise it.
CAPACITY = 1500
# redis-py's default of 100 breaks off when more clients than that join at the same time.
CONNECTIONS = 10_000


def set_up() -> None:
    """Configure Django for this process."""
    host = {"address": os.environ["BENCH_REDIS_URL"], "max_connections": CONNECTIONS}
    layer = {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [host], "capacity": CAPACITY},
    }
    settings.configure(CHANNEL_LAYERS={"default": layer}, ALLOWED_HOSTS=["*"], SECRET_KEY="not used")
    django.setup()


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


def serve() -> None:
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


async def send(work: Work) -> None:
    layer = get_channel_layer()
    while True:
        for number in work.take():
            event = {"type": "quote", "text": work.payload(number)}
            await layer.group_send(f"t{work.topic(number)}", event)
        await asyncio.sleep(TICK)


def publish() -> None:
    work = Work()
    work.listen()
    asyncio.run(send(work))


if __name__ == "__main__":
    set_up()
    publish() if "--publish" in sys.argv else serve()
