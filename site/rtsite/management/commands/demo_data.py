"""``manage.py demo_data``: the demo's users, for an installation that is not started by rtserver."""

from typing import Any

from django.core.management.base import BaseCommand

from rtsite.demo_users import create_demo_users


class Command(BaseCommand):
    """Safe to run any number of times."""

    help = "Creates the demo's users (demo/demo and guest/guest) where they do not exist yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say who is new, at verbosity 1 and up."""
        names = create_demo_users()
        if options["verbosity"] > 0:
            self.stdout.write(f"created: {', '.join(names)}" if names else "the demo's users are there already")
