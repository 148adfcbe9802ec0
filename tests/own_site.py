"""A Django site of a team's own, made in a directory for a test: a project ``shop`` with settings and users.

Settings can be loaded once in a process, so everything that the site does is done in a process of its own, as a real
site's is.
"""

import os
import subprocess
from pathlib import Path

from tests.fork_server import REPOSITORY, run

SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "the key of the shop, long enough for nobody to complain of it"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"
"""

SET_UP = "import django\ndjango.setup()\n"

LOG_IN = """
from django.contrib.auth import get_user_model
from django.test import Client
user, _ = get_user_model().objects.get_or_create(username="ann")
browser = Client()
browser.force_login(user)
from django.conf import settings
print(browser.cookies[settings.SESSION_COOKIE_NAME].value)
"""


class OwnSite:
    """``settings`` are lines that follow the usual ones. Nothing is migrated until ``migrate``."""

    def __init__(self, directory: Path, settings: str = "") -> None:
        self.directory = directory
        package = directory / "shop"
        package.mkdir()
        (package / "__init__.py").touch()
        self.settings = package / "settings.py"
        self.change(settings)

    def change(self, settings: str) -> None:
        """Other lines behind the usual ones from now on."""
        self.settings.write_text(f"{SETTINGS}\n{settings}\n", encoding="utf-8")

    @property
    def options(self) -> list[str]:
        """Return the options of rtserver for this site."""
        return ["--django-settings", "shop.settings", "--django-path", str(self.directory)]

    def migrate(self) -> "OwnSite":
        """Make the tables, and the user ann."""
        self.run("from django.core.management import call_command\ncall_command('migrate', verbosity=0)\n" + LOG_IN)
        return self

    def log_in(self) -> str:
        """The session cookie of ann, from a process of the site."""
        return self.run(LOG_IN).strip()

    def run(self, code: str) -> str:
        """Run lines in the site, set up; what they print."""
        environment = self.environment(DJANGO_SETTINGS_MODULE="shop.settings")
        return run(["-c", SET_UP + code], environment, directory=self.directory, check=True).stdout

    def rtserver(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of rtserver's for this site, in a directory that is not the site's."""
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        environment = self.environment(PYTHONPATH=str(REPOSITORY), RTSERVER_TCE_PORT="0", RTSERVER_PORT="0")
        return run(["-m", "rtserver", *words, *self.options], environment | variables, directory=elsewhere)

    @staticmethod
    def environment(**variables: str) -> dict[str, str]:
        """The machine's variables without those of Django, the demo and rtserver."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "RTSITE_", "RTSERVER_"))}
        return kept | variables
