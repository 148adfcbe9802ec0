#!/usr/bin/env python
"""Django's command line for the demo site, when it runs by itself and not inside rtserver.

The development server shows errors in the browser and serves the static files, so DEBUG is on for it and for nothing
else.
"""

import os
import sys

from django.core.management import execute_from_command_line


def main(arguments: list[str]) -> None:
    """Run one management command; ``arguments`` are those of the process, its own name first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rtsite.settings")
    if arguments[1:2] == ["runserver"]:
        os.environ.setdefault("RTSITE_DEBUG", "1")
    execute_from_command_line(arguments)


if __name__ == "__main__":
    main(sys.argv)
