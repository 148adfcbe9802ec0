"""Users of the demo site who are logged in, made by Django itself in a process of its own.

    python -m bench.sessions REDIS-URL VAR-DIR COUNT

prints a line "user id, session key" for each.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.django_env import set_up_django


@dataclass(frozen=True)
class Session:
    """A logged-in user, as a browser and as a producer know him."""

    user_id: str
    key: str

    @property
    def cookie(self) -> str:
        """The Cookie header."""
        return f"sessionid={self.key}"


def make_sessions(redis_url: str, directory: Path | str, count: int) -> list[Session]:
    """Log ``count`` new users in to the site that has its files in ``directory``."""
    command = [sys.executable, "-m", "bench.sessions", redis_url, str(directory), str(count)]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [Session(*line.split()) for line in made.stdout.splitlines()]


def log_in(count: int) -> None:
    """Make the users and their sessions and print them. Django has to be set up."""
    # These can only be imported once Django is set up.
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.cache import SessionStore

    model = get_user_model()
    users = [model(username=f"bench-{number}", password="!") for number in range(count)]
    for user in model.objects.bulk_create(users):
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        print(user.pk, session.session_key)


if __name__ == "__main__":
    url, var_dir, wanted = sys.argv[1:]
    set_up_django(Config(var_dir=var_dir), url)
    log_in(int(wanted))
