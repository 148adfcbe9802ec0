"""The Django settings that Channels' server and publisher share; Redis is in ``BENCH_REDIS_URL``."""

import os

from django.conf import settings

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
