"""Configuration of Centrifugo and the commands of its server API, as JSON."""

import json
from typing import Any

STREAM = "bench"
FIELD = "payload"
"""Of a stream's entry; the other one is ``method``."""
METHOD = "publish"
QUEUE_BYTES = 64 << 20
"""As much waits for a client as with the other servers; the default of 1 MiB drops clients at saturation."""


def configuration(port: int, redis_address: str | None) -> str:
    """Let everybody in and onto every channel; no pings during a run, which the load client would have to answer.

    With a Redis there is a consumer of its stream ``STREAM``.
    """
    config: dict[str, Any] = {
        "http_server": {"address": "127.0.0.1", "port": port},
        "http_api": {"insecure": True},
        "log": {"level": "error"},
        "usage_stats": {"disabled": True},
        "client": {
            "insecure": True,
            "ping_interval": "1h",
            "queue_max_size": QUEUE_BYTES,
        },
        "channel": {"without_namespace": {"allow_subscribe_for_client": True, "allow_subscribe_for_anonymous": True}},
    }
    if redis_address is not None:
        stream = {"address": redis_address, "streams": [STREAM], "consumer_group": "centrifugo"}
        config["consumers"] = [{"enabled": True, "name": "bench", "type": "redis_stream", "redis_stream": stream}]
    return json.dumps(config)


def publication(channel: int | str, data: str) -> str:
    """Return the API's request to publish one message, which is JSON itself."""
    return f'{{"channel":"t{channel}","data":{data}}}'


def batch(publications: list[str]) -> str:
    """Return the API's request that carries several of them."""
    commands = ",".join(f'{{"{METHOD}":{each}}}' for each in publications)
    return f'{{"commands":[{commands}]}}'
