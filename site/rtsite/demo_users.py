"""The people of the demo. Their passwords are their names, and the login page tells them: no place for real data."""

from django.contrib.auth import get_user_model

DEMO_NAMES = ("demo", "guest")


def create_demo_users() -> list[str]:
    """Make the users who are missing and return their names. Those who exist keep the password they have."""
    users = get_user_model().objects
    missing = [name for name in DEMO_NAMES if not users.filter(username=name).exists()]
    for name in missing:
        users.create_user(name, password=name)
    return missing
