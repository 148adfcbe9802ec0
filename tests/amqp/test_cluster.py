"""The example of the cluster as it is written: its queues lie at a broker of AMQP 1.0."""

from pathlib import Path
from urllib.parse import urlsplit

from tests.docs.tce.cluster_example import check_every_call, made_cluster


def test_every_call_of_the_example_works(tmp_path: Path, broker_url: str) -> None:
    port = urlsplit(broker_url).port
    assert port is not None
    check_every_call(made_cluster(tmp_path, port))
