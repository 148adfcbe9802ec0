"""Lone messages, with both peers. No time decides."""

import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest

from bench.peers import environment
from bench.peers.lone_handler import Lone, LoneHandler
from bench.peers.running import started
from bench.peers.table import Peer
from bench.scenarios.lone_message import PEERS, Stage, connected
from rtserver.bench.client.mark import label
from tests.service_fakes import Surroundings

OURS, C_FLOOR = PEERS


def measure(peer: Peer, directory: Path) -> dict[str, float]:
    with started(peer) as running, closing(connected(running.redis_url)) as producer:
        stage = Stage(running, producer, directory / "ages")
        stage.push(500, 3)
        assert len(stage.collect()) == 3
        return stage.measure(100, 0.1)


def test_a_handler_of_the_product_notes_the_ages_of_lone_messages(tmp_path: Path) -> None:
    found = measure(OURS, tmp_path)
    assert 0 < found["p50"] <= found["max"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_so_does_the_c_floor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "PLACE", tmp_path)
    found = measure(C_FLOOR, tmp_path)
    assert 0 < found["p50"] <= found["max"]


def test_a_report_holds_each_age_once_and_no_message_that_asks_for_it(tmp_path: Path) -> None:
    handler, report = LoneHandler(Surroundings().context), tmp_path / "ages"
    for _ in range(2):
        handler("bench", Lone(label(time.monotonic_ns() - 1_000)))
        handler("bench", Lone(label(0), str(report)))
        [age] = report.read_text().split()
        assert 1_000 <= int(age) < 3_600 * 10**9
