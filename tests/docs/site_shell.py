"""The site's own shell beside a running server: what another process of the site does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.document import ROOT
from tests.running_server import RunningServer


def run_on_site(server: RunningServer, var_dir: Path, script: str) -> None:
    """Run some lines in the site's own shell, beside the server: as another process of the site would."""
    environment = {**os.environ, "RTSITE_VAR": str(var_dir), "RTSITE_REDIS_URL": server.redis_url}
    lines = f"from django.contrib.auth.models import Group, User\ndemo = User.objects.get(username='demo')\n{script}"
    command = [sys.executable, str(ROOT / "site" / "manage.py"), "shell", "--verbosity", "0", "-c", lines]
    subprocess.run(command, env=environment, check=True, timeout=60)
