"""A service of the run: notes each call, works for a while, pushes to who calls, and answers with the call's mark.

    python -m soak.gateway.service NAME TYPE PORT NOTES RETURNS...

The interfaces are those of ``marked.idl``, compiled into a folder of the path. ``NOTES`` is a file of ``Notes``; what
is written there survives a SIGKILL.
"""

import logging
import os
import sys

from marked import Looks, Orders, TerminalPrx

import tcelib as tce
from soak.gateway.layout import CALLS, HOST
from soak.gateway.mark import NO_PUSH, PUSHED, UNPUSHED, Mark


class Work:
    """Runs the calls of both interfaces."""

    def __init__(self, name: str, notes: int) -> None:
        self._name = name
        self._notes = notes

    def run(self, text: str, ctx: tce.RpcContext) -> str:
        """Run one call, and return its mark and what became of its push."""
        mark = Mark.of(text)
        os.write(self._notes, f"{self._name} {os.getpid()} {mark.source} {mark.number}\n".encode())
        if mark.work_ms:
            tce.sleep(mark.work_ms / 1000)
        return f"{text} {self._push(text, ctx) if mark.is_push else NO_PUSH}"

    @staticmethod
    def _push(text: str, ctx: tce.RpcContext) -> str:
        queue = tce.RpcCommunicator.instance().getConnectionMQCollection().get(tce.Shortcuts.MQ_RETURN(ctx) or "")
        try:
            user = tce.Shortcuts.CALL_USER_ID(tce.Shortcuts.USER_ID(ctx))
            TerminalPrx(queue).note_oneway(text, user)
        except tce.RpcException:
            return UNPUSHED
        return PUSHED


class OrdersServant(Orders):
    """Serves calls that may run once."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def run(self, mark: str, ctx: tce.RpcContext) -> str:
        """See ``Work``."""
        return self._work.run(mark, ctx)


class LooksServant(Looks):
    """Serves calls that may run again."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def run(self, mark: str, ctx: tce.RpcContext) -> str:
        """See ``Work``."""
        return self._work.run(mark, ctx)


def main() -> None:
    """Serve until SIGTERM."""
    name, kind, port, notes, *returns = sys.argv[1:]
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    program = tce.RpcCommunicator.instance().init(name)
    for queue in returns:
        program.addEndPoint(tce.RpcEndPoint(queue, HOST, port, type_=kind)).open(tce.AF_WRITE)
    work = Work(name, os.open(notes, os.O_WRONLY | os.O_APPEND))
    adapter = program.createAdapter(CALLS, tce.RpcEndPoint(CALLS, HOST, port, type_=kind))
    adapter.addServant(OrdersServant(work)).addServant(LooksServant(work))
    program.waitForShutdown()


if __name__ == "__main__":
    main()
