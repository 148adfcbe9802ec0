"""Checks that the site can be loaded here, and that its users could log in.

Only a site of one's own is asked for a look-up: the demo's database is made at the start. Nothing is written.
"""

from collections.abc import Iterator

import django
from django.conf import settings
from django.core import checks
from django.db import connections, router

from rtserver import demo_site_dir
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import DjangoError, PluginError
from rtserver.bootstrap.config.plugin import load_policy
from rtserver.bootstrap.site.check_cookie import judge_cookies
from rtserver.bootstrap.site.django_env import set_up_django, site_dir
from rtserver.bootstrap.site.django_range import OLDEST, maybe_complaint
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.bootstrap.site.settings_error import explain
from rtserver.user.session.site_fault import JSON_SERIALIZER, SQLITE, models, site_faults
from rtserver.user.session.site_key import newest_sessions, pickles
from rtserver.user.session.site_probe import count_users, probe_site
from rtserver.user.session.site_trouble import database_name, describe

LOG_INS = "log-ins"


def check_site(config: Config, redis_url: str) -> Iterator[Finding]:
    """Yield all findings about the site. ``redis_url`` is for the demo's settings."""
    try:
        set_up_django(config, redis_url)
    except DjangoError as error:
        yield Finding(Severity.FAIL, "django", str(error))
        return
    yield from check_django(config)
    yield from judge_cookies(settings, config)
    if config.django_settings:
        yield from check_log_ins(config)


def check_django(config: Config) -> Iterator[Finding]:
    """Yield the findings of Django's own system checks."""
    directory = site_dir(config) if config.django_settings else demo_site_dir()
    try:
        messages = checks.run_checks()
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a URLconf may raise anything)
        yield Finding(Severity.FAIL, "django", f"its system checks fail: {explain(error, directory)}")
        return
    for message in messages:
        severity = Severity.FAIL if message.is_serious() else Severity.WARN
        yield Finding(severity, "django", f"{message.id}: {message.msg}")
    yield from judge_django(django.VERSION[:2], django.get_version())
    name = config.django_settings or "the demo site"
    yield Finding(Severity.OK, "django", f"{name}, sessions by {settings.SESSION_ENGINE}")


def judge_django(version: tuple[int, int], said: str) -> Iterator[Finding]:
    """Judge the version of the site's Django."""
    if complaint := maybe_complaint(version, said):
        yield Finding(Severity.FAIL if version < OLDEST else Severity.WARN, "django", complaint)


def check_log_ins(config: Config) -> Iterator[Finding]:
    """Check that a look-up succeeds as every log-in makes it, and finds what the site has written."""
    try:
        faults = list(site_faults())
    except Exception as error:  # noqa: BLE001 (settings may be anything)
        faults = [describe(error)]
    for fault in faults:
        yield Finding(Severity.FAIL, LOG_INS, fault)
    if faults:
        return
    trouble = probe_site(reads_groups=_reads_groups(config))
    if trouble:
        yield Finding(Severity.FAIL, LOG_INS, trouble)
        return
    yield from judge_relative_files()
    yield from judge_contents()


def judge_relative_files() -> Iterator[Finding]:
    """Warn about a database that is found only from the directory in which the command was started."""
    for alias in sorted({router.db_for_read(model) for model in models()}):
        database = connections[alias]
        name = str(database.settings_dict["NAME"])
        if database.vendor == SQLITE and not name.startswith(("/", "file:")):
            text = (
                f'DATABASES["{alias}"]["NAME"] is "{name}", found only where rtserver is started in this directory; '
                f'write BASE_DIR / "{name}"'
            )
            yield Finding(Severity.WARN, LOG_INS, text)


def judge_contents() -> Iterator[Finding]:
    """Judge whether the users and sessions in the database look like the site's."""
    where = " and ".join(sorted({database_name(router.db_for_read(model)) for model in models()}))
    try:
        users, sessions, has_pickles = count_users(), newest_sessions(), pickles()
    except Exception as error:  # noqa: BLE001 (whatever the site raises)
        yield Finding(Severity.FAIL, LOG_INS, describe(error))
        return
    if sessions.seen and not sessions.read:
        text = (
            f"none of the newest {sessions.seen} sessions in {where} can be read: SECRET_KEY or SESSION_SERIALIZER "
            "is not the one that the site runs with; give rtserver the same (or nobody has logged in since the site "
            "has another one)"
        )
        yield Finding(Severity.FAIL, LOG_INS, text)
        return
    if has_pickles:
        text = (
            "SESSION_SERIALIZER pickles: whoever can write a session has code run by whoever reads it; write "
            f'"{JSON_SERIALIZER}"'
        )
        yield Finding(Severity.WARN, LOG_INS, text)
    if not users:
        text = f"{where} has no users at all: is it the database that the site runs with?"
        yield Finding(Severity.WARN, LOG_INS, text)
        return
    yield Finding(Severity.OK, LOG_INS, f"a look-up succeeds; users in {where}")


def _reads_groups(config: Config) -> bool:
    try:
        return load_policy(config.policy).needs_groups
    except PluginError:
        return False  # told by the check of plug-ins
