"""The site's own shell beside a running server: what another process of the site does."""

from pathlib import Path

from tests.demo_site import run_lines
from tests.running_server import RunningServer


def run_on_site(server: RunningServer, var_dir: Path, script: str) -> None:
    """Run some lines in the site's own shell, beside the server: as another process of the site would."""
    lines = f"from django.contrib.auth.models import Group, User\ndemo = User.objects.get(username='demo')\n{script}"
    run_lines(var_dir, server.redis_url, lines)
