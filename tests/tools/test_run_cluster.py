"""``make run-cluster`` writes files for each gateway that the gateway reads without a word."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tcelib.gateway.config.queue_file import read_queue_file
from tcelib.gateway.config.services import read_services

TOOLS = Path(__file__).parents[2] / "tools"
WRITE = """
import sys
from pathlib import Path
sys.path.insert(0, TOOLS)
import run_cluster
run_cluster.HOME = Path(sys.argv[1])
order = run_cluster.arguments().parse_args(sys.argv[2:])
for number in range(order.gateways):
    run_cluster.written(number, order)
"""


@pytest.mark.parametrize("kind", ["qpid", "stream"])
def test_each_gateway_has_ports_and_queues_for_answers_of_its_own_and_servers_know_all(
    tmp_path: Path, kind: str
) -> None:
    options = ["--type", kind, "--gateways", "3", "--port", "7000"]
    program = WRITE.replace("TOOLS", repr(str(TOOLS)))
    subprocess.run([sys.executable, "-c", program, tmp_path, *options], check=True)
    ports, answers = set(), set()
    for number in range(1, 4):
        folder = tmp_path / f"gateway-{number}"
        services, findings = read_services((folder / "services.xml").read_bytes())
        assert findings == ()
        assert services is not None
        ports |= {services.endpoints[name].port for name in ("socket_gateway", "websocket_gateway")}
        answers |= {name for server in services.servers.values() for name in server.loopbacks.values()}
        assert {services.endpoints[name].port for name in answers & set(services.endpoints)} == {7000}
        assert (folder / "test.py").exists()
    assert (len(ports), len(answers)) == (6, 6)
    text = (tmp_path / "gateway-1" / "config.yml").read_bytes()
    assert read_queue_file(text).findings == ()
    written = {each["name"] for each in yaml.safe_load(text)["server"]["endpoints"] if each["af_mode"] == "AF_WRITE"}
    assert written == answers
