"""A backend of Django Channels: ``group_send`` from a process of its own."""

import asyncio

import django
from channels.layers import get_channel_layer
from channels_redis_setting import set_up
from work import TICK, Work


async def publish(work: Work) -> None:
    layer = get_channel_layer()
    while True:
        for number in work.take():
            event = {"type": "quote", "text": work.payload(number)}
            await layer.group_send(f"t{work.topic(number)}", event)
        await asyncio.sleep(TICK)


def main() -> None:
    set_up()
    django.setup()
    work = Work()
    work.listen()
    asyncio.run(publish(work))


if __name__ == "__main__":
    main()
