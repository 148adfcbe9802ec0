"""Puts calls on one list in Redis and takes answers from another."""

import tcelib as tce
from test import ServerPrx

REDIS = "redis://127.0.0.1:6379/0"

answers = tce.RpcEndPoint(name="answers", host=REDIS, type_="mq").open(tce.AF_READ)
calls = tce.RpcEndPoint(name="calls", host=REDIS, type_="mq").open(tce.AF_WRITE)
calls.setLoopbackMQ(answers)
print(ServerPrx(calls).echo("hello"))
tce.RpcCommunicator.instance().shutdown()
