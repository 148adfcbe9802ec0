"""The program of docs/extending.md that is told who comes and goes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from rtserver.service.message_queue import ServiceMessageQueue
from tests.docs.document import EXTENDING, ROOT
from tests.until import until

VISITS = ROOT / "docs/examples/visits.py"


def test_the_page_shows_the_program_that_is_there() -> None:
    assert VISITS.read_text(encoding="utf-8") in EXTENDING.read_text(encoding="utf-8")


def test_a_visit_is_as_long_as_the_events_say(redis_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "REDIS_URL": redis_url, "VISITS_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, VISITS], env=environment, cwd=ROOT)
    try:
        with ServiceMessageQueue.own("queue:test", redis_url) as queue:
            for kind, at in (("user_online", 1_763_668_800_000), ("user_offline", 1_763_668_812_500)):
                queue.push("queue:visits", kind, {"user_id": "7", "at": at}, id=f"{kind}-{at}-7")
        visit = tmp_path / "7-1763668812500.json"
        until(lambda: visit.exists() and visit.read_text(), "the visit is written down")
        assert json.loads(visit.read_text()) == {"user_id": "7", "seconds": 12.5}
    finally:
        process.terminate()
        process.wait()
