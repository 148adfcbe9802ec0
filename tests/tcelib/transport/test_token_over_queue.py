"""The token of a client whose queue was away for a while."""

from pathlib import Path

import pytest

import tcelib as tce
from tests.redis_process import RedisProcess
from tests.tcelib.transport.gevent_rig import QueueRig
from tests.tcelib.transport.talk import TalkPrx
from tests.until import until


@pytest.mark.parametrize("kind", ["mq", "stream"])
def test_the_token_goes_again_with_the_first_call_after_one_that_was_not_sent(tmp_path: Path, kind: str) -> None:
    with RedisProcess(tmp_path) as server:
        rig = QueueRig(server.url, kind)
        try:
            conn = rig.dial()
            conn.setToken("secret")
            prx = TalkPrx(conn)
            assert [prx.echo("one"), prx.echo("two")] == ["one", "two"]
            server.stop()
            with pytest.raises(tce.RpcException):
                prx.echo("lost", 5.0)
            server.start()
            until(lambda: prx.echo("again", 5.0) == "again", "the queue is there", tolerated=tce.RpcException)
            first, second, *others = rig.servant.tokens
            assert (first, second) == ("secret", None)
            assert "secret" in others
            assert prx.echo("later") == "later"
            assert rig.servant.tokens[-1] is None
        finally:
            rig.close()
