"""The server as part of an asyncio program: TCP, and WebSockets on the next port."""

import asyncio
import signal

import tcelib as tce
from tcelib.transport import asyncio_tcp, asyncio_websocket
from test import ITerminalPrx, Server


class ServerImpl(Server):
    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return text

    async def timeout(self, secs: int, ctx: tce.RpcContext) -> None:
        await asyncio.sleep(secs)

    async def bidirection(self, ctx: tce.RpcContext) -> None:
        await ITerminalPrx(ctx.conn).onMessage_async("welcome")


async def main() -> None:
    adapter = tce.RpcCommAdapter("first_server").addServant(ServerImpl())
    tcp = await asyncio_tcp.listen(adapter, "", 16005)
    websocket = await asyncio_websocket.listen(adapter, "", 16006)
    is_over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, is_over.set)
    await is_over.wait()
    await asyncio.gather(tcp.close(), websocket.close())


asyncio.run(main())
