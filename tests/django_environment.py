"""Django, set up once per test process on the demo site's settings.

Settings cannot be loaded twice in a process, so all tests that need Django share this set-up, whichever comes first.
A test that wants another setting uses ``django.test.override_settings``; another environment needs another process.
"""

import os
import sys
from pathlib import Path

SITE_DIR = Path(__file__).resolve().parent.parent / "site"


def configure(redis_url: str, var: Path) -> None:
    """Set Django up: sessions in ``redis_url``, database and secret key in ``var``, the users demo and guest.

    A second call changes nothing. It raises ``RuntimeError`` if it asks for another Redis than the first one did.
    """
    known = os.environ.get("RTSITE_REDIS_URL") if "rtsite.settings" in sys.modules else None
    if known is None:
        _set_up(redis_url, var)
    elif known != redis_url:
        raise RuntimeError(f"Django is set up with {known} in this process, it cannot change to {redis_url}")


def _set_up(redis_url: str, var: Path) -> None:
    os.environ.update(DJANGO_SETTINGS_MODULE="rtsite.settings", RTSITE_REDIS_URL=redis_url, RTSITE_VAR=str(var))
    sys.path.insert(0, str(SITE_DIR))
    # Nothing of Django may be imported before its environment stands.
    import django
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.core.management import call_command

    PBKDF2PasswordHasher.iterations = 1  # quick instead of safe: nobody attacks these passwords
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("demo_data", verbosity=0)
