"""Serves what it finds on a list in Redis. Several of these may share the work."""

import tcelib as tce
from test import Server

REDIS = "redis://127.0.0.1:6379/0"


class ServerImpl(Server):
    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return f"{text}, answered on {tce.Shortcuts.MQ_RETURN(ctx)}"


communicator = tce.RpcCommunicator.instance().init("queue_server")
tce.RpcEndPoint(name="answers", host=REDIS, type_="mq").open(tce.AF_WRITE)
calls = tce.RpcEndPoint(name="calls", host=REDIS, type_="mq")
communicator.createAdapter("queue", calls).addServant(ServerImpl())
communicator.waitForShutdown()
