"""TCE over TCP in an asyncio loop, or in a gevent hub (``--gevent``), as ``RpcCommunicator`` gives it to a program.

``calls.idl`` is compiled by ``tce2py``. With ``--codec`` the time of what that makes of a struct.
"""

import asyncio
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import codec_timer
from work import port_argument

import tcelib as tce
from tcelib.tmake import tce2py
from tcelib.transport import asyncio_tcp, gevent_tcp

IDL = Path(__file__).with_name("calls.idl")


def compiled() -> ModuleType:
    """The generated module, made afresh in the folder that the harness gave this process."""
    directory = os.environ["BENCH_DIRECTORY"]
    if tce2py.main(["-i", str(IDL), "-o", directory]):
        sys.exit(f"{IDL} does not compile")
    sys.path.append(directory)
    return importlib.import_module("calls")


def adapter() -> tce.RpcCommAdapter:
    """With a servant that gives back what it gets."""
    calls = compiled()
    base: type[tce.Servant] = calls.Calls

    class Calls(base):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            return text

        def tell(self, text: str, ctx: tce.RpcContext) -> None:
            pass

        def push(self, text: str, count: int, ctx: tce.RpcContext) -> None:
            caller = calls.CallsPrx(ctx.conn)
            for _ in range(count):
                caller.tell_oneway(text)

    return tce.RpcCommAdapter("calls").addServant(Calls())


async def serve_asyncio() -> None:
    await asyncio_tcp.listen(adapter(), "127.0.0.1", port_argument())
    await asyncio.Event().wait()


def serve_gevent() -> None:
    gevent_tcp.listen(adapter(), "127.0.0.1", port_argument())
    tce.waitForShutdown()


def time_codec() -> None:
    """As the parameter of an operation."""
    calls = compiled()
    same = next(operation for operation in calls.Calls.INTERFACE.operations if operation.name == "same")
    struct = calls.All(**codec_timer.VALUES)
    codec_timer.report(lambda: same.write_params(struct), lambda data: same.read_params(data)[0])


if __name__ == "__main__":
    if "--codec" in sys.argv:
        time_codec()
    elif "--gevent" in sys.argv:
        serve_gevent()
    else:
        asyncio.run(serve_asyncio())
