"""Users of gateways: a gateway asks the Django site, as a server does, whose token it was shown."""

import os
from pathlib import Path

from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.process.embedded_redis import redis_url_of
from rtserver.bootstrap.site.django_env import set_up_django
from rtserver.user.session.session_finder import SessionFinder
from tcelib.runtime.token_look_up import Verify


def site_users(file: str | os.PathLike[str] | None = None) -> Verify:
    """Return a ``verify`` for ``tce.TokenListener``: whose token, or session key, of a Django site is it?

    ``file`` is the rtserver.toml of the site; environment variables count as for ``rtserver``. Sets Django up in this
    process. Raises ``StartError`` with a sentence for the operator.
    """
    return users_of(load_config(environ=os.environ, options={}, file=Path(file) if file is not None else None))


def users_of(config: Config) -> Verify:
    """Return the ``verify`` of a configuration. Its verdicts are ``Identity``. See ``site_users``."""
    redis_url = redis_url_of(config)
    set_up_django(config, redis_url)
    revocations = RedisRevocations(plain_client(redis_url), config.queue)
    return SessionFinder(token_seconds=config.tce_token_seconds, revocations=revocations).find_many
