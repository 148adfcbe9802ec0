"""A client in an asyncio program: ``await`` the promise of any call."""

import asyncio

import tcelib as tce
from tcelib.transport import asyncio_tcp
from test import ITerminal, ServerPrx


class Terminal(ITerminal):
    async def onMessage(self, message: str, ctx: tce.RpcContext) -> None:
        print("the server says:", message)


async def main() -> None:
    conn = asyncio_tcp.dial("localhost", 16005)
    prx = ServerPrx(conn)
    print(await prx.echo_async("hello"))
    print(await asyncio.gather(*(prx.echo_async(text) for text in ("red", "green", "blue"))))
    try:
        await prx.timeout_async(1, timeout=0.1)
    except tce.RpcException as error:
        print(error)
    tce.RpcCommAdapter("terminal").addServant(Terminal()).addConnection(conn)
    await prx.bidirection_async()
    prx.heartbeat_oneway("bye")
    conn.close()


asyncio.run(main())
