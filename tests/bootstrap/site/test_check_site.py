"""``rtserver check`` of real Django sites on which nobody could log in, each with another reason."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtserver.user.session.site_fault import has_private_tmp
from tests.own_site import SETTINGS, OwnSite

pytestmark = pytest.mark.own_site

CACHE = 'SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n'
FILES = 'SESSION_ENGINE = "django.contrib.sessions.backends.file"\n'
BACKENDS = "django.core.cache.backends"
NOBODY = "65534"


def caches(backend: str, location: str = "") -> str:
    return f'CACHES = {{"default": {{"BACKEND": "{BACKENDS}.{backend}", "LOCATION": {location or "None"}}}}}\n'


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables, a user and a session, made once."""
    directory = tmp_path_factory.mktemp("migrated")
    OwnSite(directory).migrate()
    return directory / "db.sqlite3"


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> OwnSite:
    """A site on which users can log in."""
    shutil.copy(migrated, tmp_path / "db.sqlite3")
    return OwnSite(tmp_path)


def said(done: subprocess.CompletedProcess[str], subject: str) -> list[str]:
    """Return the lines of a check about a subject, but for those that say it is well."""
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    return [f"{severity} {detail}" for severity, about, detail in lines if about == subject and severity != "ok"]


def failure(site: OwnSite, subject: str, **options: object) -> str:
    done = site.rtserver("check", **options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    [line] = said(done, subject)
    assert line.startswith("FAIL ")
    return line.removeprefix("FAIL ")


def test_a_site_that_users_can_log_in_to_is_found_to_be_one(site: OwnSite) -> None:
    done = site.rtserver("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [said(done, subject) for subject in ("django", "log-ins", "cookies")] == [[], [], []]
    assert f'a look-up succeeds; users in database "default" (sqlite, {site.directory}/db.sqlite3)' in done.stdout


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "dummy.DummyCache"])
def test_cached_db_needs_no_cache_that_processes_share(site: OwnSite, backend: str) -> None:
    site.change('SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"\n' + caches(backend))
    done = site.rtserver("check")
    assert (done.returncode, said(done, "log-ins")) == (0, []), done.stdout


def test_a_check_makes_no_directory_of_a_cache_that_the_site_has_not_made_yet(site: OwnSite) -> None:
    engine = 'SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"\n'
    site.change(engine + caches("filebased.FileBasedCache", 'BASE_DIR / "none"'))
    done = site.rtserver("check")
    assert (done.returncode, said(done, "log-ins")) == (0, []), done.stdout
    assert not (site.directory / "none").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (CACHE, ['the cache "default", a LocMemCache', "memory of the site's process", "RedisCache"]),
        (CACHE + caches("dummy.DummyCache"), ["a DummyCache, which keeps nothing"]),
        (CACHE + 'CACHES = {"default": {}}', ['CACHES["default"]["BACKEND"] cannot be imported']),
        (
            'SESSION_ENGINE = "shop.settings"',
            ["AttributeError: ", "no attribute 'SessionStore'"],
        ),
        (
            CACHE + 'SESSION_CACHE_ALIAS = "sessions"',
            ['SESSION_CACHE_ALIAS is "sessions"', "which CACHES has not: name one of default"],
        ),
        (
            CACHE + caches("filebased.FileBasedCache", 'BASE_DIR / "none"'),
            ['CACHES["default"]["LOCATION"]', "/none", "the site makes it as soon as"],
        ),
        (
            CACHE + caches("redis.RedisCache", '"redis://127.0.0.1:1/0"'),
            ['CACHES["default"], where sessions are, cannot be read: ConnectionError', "127.0.0.1:1"],
        ),
        (FILES + 'SESSION_FILE_PATH = "/nosuch/sessions"', ["SESSION_FILE_PATH", "/nosuch/sessions"]),
        ("INSTALLED_APPS.remove('django.contrib.sessions')", ['no "django.contrib.sessions"', "add it"]),
        ("INSTALLED_APPS.clear()", ['no "django.contrib.auth"', "add it"]),
        ('SESSION_ENGINE = "shop.sessions"', ['SESSION_ENGINE is "shop.sessions", which cannot be imported']),
        (
            'SESSION_SERIALIZER = "shop.Pickler"',
            ['SESSION_SERIALIZER is "shop.Pickler"', "serializers.JSONSerializer"],
        ),
        ('AUTHENTICATION_BACKENDS = ["shop.auth.Ldap"]', ["AUTHENTICATION_BACKENDS has one", "shop.auth"]),
        ('DATABASES["default"]["NAME"] = "db.sqlite3"', ['"db.sqlite3", which is', "no such file", 'BASE_DIR / "db']),
        ('DATABASES["default"]["NAME"] = ":memory:"', ["in the memory of one process"]),
        ('SECRET_KEY = "another one"', ["none of the newest 1 sessions", "SECRET_KEY"]),
    ],
    ids=lambda each: each[-40:] if isinstance(each, str) else "",
)
def test_settings_by_which_nobody_is_found_are_named_with_what_to_write(
    site: OwnSite, settings: str, words: list[str]
) -> None:
    site.change(settings)
    told = failure(site, "log-ins")
    assert all(word in told for word in words), told
    assert not (site.directory / "elsewhere" / "db.sqlite3").exists()
    assert not (site.directory / "none").exists()


def test_a_database_without_tables_is_told_by_their_names(tmp_path: Path) -> None:
    site = OwnSite(tmp_path)
    (tmp_path / "db.sqlite3").touch()
    told = failure(site, "log-ins")
    assert f'database "default" (sqlite, {tmp_path}/db.sqlite3) has no table auth_user' in told
    assert "has no table django_session" in told
    assert 'run "python manage.py migrate" there' in told


def test_a_user_model_of_the_sites_own_that_has_no_table_is_told_by_its_name(site: OwnSite) -> None:
    (site.directory / "shop" / "models.py").write_text(
        "from django.contrib.auth.models import AbstractUser\nclass Customer(AbstractUser):\n    pass\n"
    )
    site.change('INSTALLED_APPS.append("shop")\nAUTH_USER_MODEL = "shop.Customer"')
    assert "has no table shop_customer" in failure(site, "log-ins")


def test_a_database_that_has_no_users_is_doubted(tmp_path: Path) -> None:
    site = OwnSite(tmp_path)
    site.run("from django.core.management import call_command\ncall_command('migrate', verbosity=0)\n")
    done = site.rtserver("check")
    [warning] = said(done, "log-ins")
    assert warning.startswith('warn database "default"')
    assert "has no users at all: is it the database that the site runs with?" in warning


def test_sessions_in_a_form_of_the_sites_own_are_read_by_its_own_store(site: OwnSite) -> None:
    (site.directory / "shop" / "engine.py").write_text(
        "import json\nfrom django.contrib.sessions.backends import db\n"
        "class SessionStore(db.SessionStore):\n"
        "    def encode(self, data):\n        return json.dumps(data)\n"
        "    def decode(self, data):\n        return json.loads(data)\n"
    )
    site.run("from django.contrib.sessions.models import Session\nSession.objects.all().delete()")
    site.change('SESSION_ENGINE = "shop.engine"')
    site.log_in()
    done = site.rtserver("check")
    assert (done.returncode, said(done, "log-ins")) == (0, []), done.stdout


def test_pickled_sessions_are_a_warning(site: OwnSite) -> None:
    (site.directory / "shop" / "pickler.py").write_text(
        "import pickle\nclass Pickler:\n"
        "    dumps = staticmethod(pickle.dumps)\n    loads = staticmethod(pickle.loads)\n"
    )
    site.run("from django.contrib.sessions.models import Session\nSession.objects.all().delete()")
    site.change('SESSION_SERIALIZER = "shop.pickler.Pickler"')
    [warning] = said(site.rtserver("check"), "log-ins")
    assert warning.startswith("warn SESSION_SERIALIZER pickles")


@pytest.fixture
def foreign_files() -> Iterator[Path]:
    """A directory with one session file as Django makes them, for its owner alone; the way there is open to all."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        handle, file = tempfile.mkstemp(prefix="sessionid", dir=directory)
        os.close(handle)
        if os.geteuid():  # who is not root cannot become another user, but lose the right
            Path(file).chmod(0)
        yield directory


def told_to_nobody(directory: Path) -> str:
    """Return the verdict on a directory of session files as a user gets it who is not root."""
    become = f"os.setgroups([])\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n" if os.geteuid() == 0 else ""
    code = (
        "import os\nfrom pathlib import Path\nfrom rtserver.user.session.site_fault import unreadable\n"
        f"{become}print(*unreadable(Path({str(directory)!r}), 'SESSION_FILE_PATH', 'sessionid'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_session_files_where_the_user_may_not_go_are_told(foreign_files: Path) -> None:
    inside = foreign_files / "closed" / "sessions"
    inside.mkdir(parents=True)
    inside.parent.chmod(0)
    told = told_to_nobody(inside)
    inside.parent.chmod(0o700)
    user = os.geteuid() or NOBODY
    assert told.startswith(
        f"SESSION_FILE_PATH leads to {inside}: there is no such directory for rtserver, which runs as user {user}"
    )


def test_session_files_of_another_user_are_told(foreign_files: Path) -> None:
    assert told_to_nobody(foreign_files) == (
        f"SESSION_FILE_PATH leads to {foreign_files}, whose files are for another user: "
        f"user {os.geteuid() or NOBODY} may not read them; run rtserver as the site's user\n"
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('import os\nos.environ["SHOP_DB"]', ["KeyError: 'SHOP_DB'", "settings.py, line {1}", "Environment="]),
        ("import sys\nsys.exit(3)", ["SystemExit: 3", "line {1}", "end the process"]),
        (
            "import nosuchpackage.thing",
            ["No module named 'nosuchpackage'", "line {0}", "install nosuchpackage where"],
        ),
        (
            "try:\n    import nosuchdriver\nexcept ImportError as e:\n    raise ValueError('no driver') from e",
            ["ValueError: no driver (ModuleNotFoundError", "install nosuchdriver where rtserver is installed"],
        ),
        ("def f(:", ["SyntaxError: ", "settings.py, line {0}"]),
        ("1 / 0", ["ZeroDivisionError", "line {0}"]),
        ("raise BaseException('no')", ["BaseException: no", "line {0}"]),
        ('SECRET_KEY = ""\nALLOWED_HOSTS = "x"', ["ImproperlyConfigured: "]),
        (
            'LOGGING = {"version": 1, "handlers": {"f": {"class": "logging.FileHandler", "filename": "/nosuch/x"}}, '
            '"root": {"handlers": ["f"]}}',
            ["ValueError: Unable to configure handler 'f'", "FileNotFoundError", "/nosuch/x"],
        ),
    ],
    ids=lambda each: each[:24] if isinstance(each, str) else "",
)
def test_whatever_a_settings_module_raises_is_one_line_with_its_place(
    tmp_path: Path, settings: str, words: list[str]
) -> None:
    site = OwnSite(tmp_path, settings)
    told = failure(site, "django")
    assert told.startswith(f"Django settings 'shop.settings' from {tmp_path}: ")
    first = SETTINGS.count("\n") + 2
    assert all(word.format(first, first + 1) in told for word in words), told


def test_a_server_does_not_start_on_such_settings_and_says_the_same_line(tmp_path: Path, redis_url: str) -> None:
    site = OwnSite(tmp_path, "import os\nos.environ['SHOP_DB']")
    done = site.rtserver("serve", RTSERVER_REDIS_URL=redis_url)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "KeyError: 'SHOP_DB'" in line
    assert "Traceback" not in done.stderr


def test_a_url_configuration_that_raises_is_told_with_its_place(site: OwnSite) -> None:
    (site.directory / "shop" / "urls.py").write_text("import os\nurlpatterns = [os.environ['SHOP_PREFIX']]\n")
    site.change('ROOT_URLCONF = "shop.urls"')
    told = failure(site, "django")
    assert "KeyError: 'SHOP_PREFIX' (" in told
    assert "urls.py, line 2" in told


def test_files_below_a_tmp_that_a_service_manager_has_made_for_us_alone_are_known(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "60 26 254:0 / / rw - ext4 /dev/vda rw\n"
        "61 60 254:0 /tmp/systemd-private-5c-rtserver.service-Xy/tmp /tmp rw - ext4 /dev/vda rw\n"
    )
    assert has_private_tmp(Path("/tmp"), mounts)
    assert has_private_tmp(Path("/tmp/sessions"), mounts)
    assert not has_private_tmp(Path("/var/lib/shop/sessions"), mounts)
    assert not has_private_tmp(Path("/tmp"), tmp_path / "none")
